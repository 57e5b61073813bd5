-- Customers, at least, who used a service that nobody has reviewed in the organisation's own tenant; null where it may not be told.
ALTER TABLE published_services ADD COLUMN customers_in_our_tenant INTEGER CHECK (customers_in_our_tenant >= 5);

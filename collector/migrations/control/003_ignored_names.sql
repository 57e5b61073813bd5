-- Names that nobody wants to give a service are in no queue, and names that must not be kept are erased: neither is asked for again.
ALTER TABLE unknown_names ADD COLUMN ignored INTEGER NOT NULL DEFAULT 0 CHECK (ignored IN (0, 1));

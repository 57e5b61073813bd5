-- Services that the devices' catalogs learnt of in the week.
CREATE TABLE published_catalog_news (
    week TEXT NOT NULL REFERENCES published_weeks ON DELETE CASCADE,
    service TEXT NOT NULL,
    known INTEGER NOT NULL CHECK (known BETWEEN 0 AND 100),
    PRIMARY KEY (week, service)
) STRICT, WITHOUT ROWID;

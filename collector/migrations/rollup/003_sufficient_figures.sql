-- What the customers elsewhere of a need have in common, where it may be said; `segment` and `need` are positions. The effect
-- is ours set against elsewhere, in hundredths of what the facet says, and null together where it has none.
CREATE TABLE published_facets (
    week TEXT NOT NULL,
    segment INTEGER NOT NULL,
    need INTEGER NOT NULL,
    facet TEXT NOT NULL,
    customers INTEGER NOT NULL CHECK (customers >= 5),
    mean_hundredths INTEGER,
    error_hundredths INTEGER,
    PRIMARY KEY (week, segment, need, facet),
    FOREIGN KEY (week, segment, need) REFERENCES published_needs (week, segment, position) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Customers who used a service of ours, or for whom a program of it ran by itself.
ALTER TABLE published_services ADD COLUMN customers_present INTEGER NOT NULL DEFAULT -1 CHECK (customers_present >= -2);

-- Beside the others of how much was seen: time without the agent's eyes, and days with packets that passed unseen.
ALTER TABLE published_segments ADD COLUMN unwatched_tenths INTEGER;
ALTER TABLE published_segments ADD COLUMN lossy_days_tenths INTEGER;

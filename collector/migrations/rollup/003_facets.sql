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

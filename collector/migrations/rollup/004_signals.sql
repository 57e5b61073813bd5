-- That a service elsewhere had k customers in a segment within seven days, and the morning on which it was told: once for
-- each segment and service, and never taken back. No count. Everybody is segment ''; dates are written 2026-11-20.
CREATE TABLE signals (
    segment TEXT NOT NULL,
    service TEXT NOT NULL,
    need TEXT NOT NULL,
    released TEXT NOT NULL,
    -- k, as it was then.
    minimum_group INTEGER NOT NULL CHECK (minimum_group >= 5),
    PRIMARY KEY (segment, service)
) STRICT, WITHOUT ROWID;

-- The last of the seven days over which signals were judged last: one row, or none.
CREATE TABLE signals_judged (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    last_day TEXT NOT NULL
) STRICT;

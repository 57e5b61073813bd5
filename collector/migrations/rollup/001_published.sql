-- What has been released, and nothing else: only the floor writes here. A figure is its value, or -1 where fewer than
-- k customers stand behind it, or -2 where a service of ours serves the need unseen.

-- A row for each published week. `frozen_at` is null while the week runs; a frozen week never changes.
CREATE TABLE published_weeks (
    week TEXT PRIMARY KEY,
    minimum_group INTEGER NOT NULL CHECK (minimum_group >= 5),
    frozen_at INTEGER,
    before_its_end INTEGER NOT NULL CHECK (before_its_end IN (0, 1)),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    organisation_by_need INTEGER,
    segment_by_need INTEGER,
    segment_by_service INTEGER
) STRICT, WITHOUT ROWID;

-- Everybody (segment '') and every segment, in the order in which they are read.
CREATE TABLE published_segments (
    week TEXT NOT NULL REFERENCES published_weeks ON DELETE CASCADE,
    position INTEGER NOT NULL,
    segment TEXT NOT NULL,
    customers INTEGER NOT NULL CHECK (customers >= -2),
    left_us INTEGER NOT NULL CHECK (left_us >= -2),
    came_back INTEGER NOT NULL CHECK (came_back >= -2),
    -- Null together where the segment is withheld.
    devices_reporting INTEGER,
    unnamed_tenths INTEGER,
    encrypted_hello_tenths INTEGER,
    encrypted_dns_tenths INTEGER,
    tunnels_tenths INTEGER,
    PRIMARY KEY (week, position)
) STRICT, WITHOUT ROWID;

-- Every need of every segment; `segment` is the segment's position.
CREATE TABLE published_needs (
    week TEXT NOT NULL,
    segment INTEGER NOT NULL,
    position INTEGER NOT NULL,
    need TEXT NOT NULL,
    served INTEGER NOT NULL CHECK (served IN (0, 1)),
    customers INTEGER NOT NULL CHECK (customers >= -2),
    customer_days INTEGER NOT NULL CHECK (customer_days >= -2),
    ours_alone INTEGER NOT NULL CHECK (ours_alone >= -2),
    both INTEGER NOT NULL CHECK (both >= -2),
    tolerated INTEGER NOT NULL CHECK (tolerated >= -2),
    elsewhere_alone INTEGER NOT NULL CHECK (elsewhere_alone >= -2),
    customers_elsewhere INTEGER NOT NULL CHECK (customers_elsewhere >= -2),
    customers_ours_or_elsewhere INTEGER NOT NULL CHECK (customers_ours_or_elsewhere >= -2),
    customers_both INTEGER NOT NULL CHECK (customers_both >= -2),
    left_us INTEGER NOT NULL CHECK (left_us >= -2),
    came_back INTEGER NOT NULL CHECK (came_back >= -2),
    other_services_customers INTEGER NOT NULL CHECK (other_services_customers >= -2),
    PRIMARY KEY (week, segment, position),
    FOREIGN KEY (week, segment) REFERENCES published_segments (week, position) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The services that may be shown; `segment` and `need` are positions.
CREATE TABLE published_services (
    week TEXT NOT NULL,
    segment INTEGER NOT NULL,
    need INTEGER NOT NULL,
    position INTEGER NOT NULL,
    service TEXT NOT NULL,
    sanction_status TEXT NOT NULL,
    customers INTEGER NOT NULL CHECK (customers >= -2),
    customer_days INTEGER NOT NULL CHECK (customer_days >= -2),
    PRIMARY KEY (week, segment, need, position),
    FOREIGN KEY (week, segment, need) REFERENCES published_needs (week, segment, position) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One row: who this store is. Restoring a backup writes a new store_id, and agents send their kept days again.
CREATE TABLE installation (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    store_id TEXT NOT NULL,
    unknown_name_key BLOB NOT NULL CHECK (length(unknown_name_key) = 32)
) STRICT;

-- Enrolled devices. No usage, no host name, no person, and of visits only the last one's date.
CREATE TABLE devices (
    id INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    enrolled INTEGER NOT NULL,
    last_visit INTEGER,
    state INTEGER NOT NULL DEFAULT 0,
    pseudonym TEXT,
    segments TEXT NOT NULL,
    group_token INTEGER NOT NULL
) STRICT;

-- Enrolment tokens by the hash of their secret; who reads this file can't enrol with it.
CREATE TABLE enrolment_tokens (
    id TEXT PRIMARY KEY,
    secret_hash BLOB NOT NULL UNIQUE,
    segments TEXT NOT NULL,
    uses INTEGER NOT NULL,
    uses_left INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;

-- Hashes of names outside the catalog that enough customers have reported; the name once a device has revealed it.
CREATE TABLE unknown_names (
    name_hash INTEGER PRIMARY KEY,
    registrable_domain TEXT
) STRICT;

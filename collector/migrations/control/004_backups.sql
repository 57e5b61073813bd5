-- One key for each week's file. Backups hold the file only sealed under it, so that destroying the key at the week's
-- expiry takes the week out of all of them. Of a file that was made once, a missing or empty one is damage.
CREATE TABLE week_keys (
    week TEXT PRIMARY KEY,
    key BLOB NOT NULL CHECK (length(key) = 32),
    file_made INTEGER NOT NULL DEFAULT 0 CHECK (file_made IN (0, 1))
) STRICT, WITHOUT ROWID;

-- One row: the key under which backups hold what does not expire. It also tells whose backups they are.
CREATE TABLE backup_key (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    key BLOB NOT NULL CHECK (length(key) = 32)
) STRICT;

-- Where backups were made: beside each stands a copy of the keys, which is rewritten as weeks expire.
CREATE TABLE backup_directories (
    path TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- When this store was restored from a backup, in seconds since 1970; null if it never was.
ALTER TABLE installation ADD COLUMN restored INTEGER;
-- The newest week that was forgotten. Where it has not expired by the clock, the clock was ahead then.
ALTER TABLE installation ADD COLUMN forgotten TEXT;

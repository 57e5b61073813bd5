-- One row for each enrolment of a device and date; the body is packed and versioned.
CREATE TABLE device_days (
    device INTEGER NOT NULL,
    day INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    received INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (device, day, epoch)
) STRICT, WITHOUT ROWID;

-- Whom each device counts with in this week. It stands beside the days so that both are forgotten together.
CREATE TABLE members (
    device INTEGER PRIMARY KEY,
    enrolled INTEGER NOT NULL,
    pseudonym TEXT,
    segments TEXT NOT NULL,
    group_token INTEGER NOT NULL
) STRICT;

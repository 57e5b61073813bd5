-- CRC-32 of a row's other values, in the order of the columns as `weeks/checksum.rs` says, so that a bit that flipped on
-- the disk is found. Null in rows from before.
ALTER TABLE device_days ADD COLUMN checksum INTEGER;
ALTER TABLE members ADD COLUMN checksum INTEGER;

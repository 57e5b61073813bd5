-- When the night's work was done last, and since when the clock is in doubt, in seconds since 1970 by that clock.
ALTER TABLE installation ADD COLUMN last_night INTEGER;
ALTER TABLE installation ADD COLUMN doubted INTEGER;

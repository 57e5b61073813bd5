-- Customer-days elsewhere, shown also where the two parts that it is made of are withheld.
ALTER TABLE published_needs ADD COLUMN elsewhere INTEGER NOT NULL DEFAULT -1 CHECK (elsewhere >= -2);

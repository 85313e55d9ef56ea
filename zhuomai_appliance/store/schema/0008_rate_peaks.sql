-- Peaks that a user may reach for a while above the speeds of a rate.

ALTER TABLE rate ADD COLUMN burst TEXT;    -- "up/down/seconds", bits per second; NULL: none

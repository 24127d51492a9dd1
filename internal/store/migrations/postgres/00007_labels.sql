-- +goose Up

-- What existing clients set and want to read again, and Segue only keeps: the
-- maintenance window of a service, and a project's cloud and billing group.
ALTER TABLE services ADD COLUMN maintenance_day TEXT NOT NULL DEFAULT '';
ALTER TABLE services ADD COLUMN maintenance_time TEXT NOT NULL DEFAULT ''; -- HH:MM:SS in UTC
ALTER TABLE projects ADD COLUMN cloud TEXT NOT NULL DEFAULT '';
ALTER TABLE projects ADD COLUMN billing_group TEXT NOT NULL DEFAULT '';

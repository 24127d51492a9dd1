-- +goose Up

-- Users whose keys are with their clients.

-- An older binary would make a key for such a user.
UPDATE meta SET value = 6 WHERE name = 'min_binary';

-- public_key: SHA-256 of the SubjectPublicKeyInfo that a certificate signing request
-- brought; null where Segue made the key.
ALTER TABLE generations ADD COLUMN public_key BYTEA;
CREATE INDEX generations_public_key ON generations (public_key) WHERE public_key IS NOT NULL;

-- waits: the new pair is not made, for the renewal waits for a certificate signing
-- request, or closed before one came. The user's row then repeats as old_not_after
-- the end of its current pair, which is the one to be replaced.
ALTER TABLE renewals ADD COLUMN waits BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE projects ADD COLUMN rekey TEXT; -- 'allowed' or 'required'; null: inherited
ALTER TABLE services ADD COLUMN rekey TEXT;

-- Counts of renewals read these alone.
DROP INDEX renewals_made;
CREATE INDEX renewals_made ON renewals (service_id, created_at, waits);
DROP INDEX renewals_pending_service;
CREATE INDEX renewals_pending_service ON renewals (service_id, user_id, old_not_after, snoozed_until, waits)
    WHERE acknowledged_at IS NULL AND closed_at IS NULL;

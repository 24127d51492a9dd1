-- +goose Up

-- What existing clients change besides: access tokens, tags, names of projects.

-- An older binary would show deleted projects and make services in them.
UPDATE meta SET value = 4 WHERE name = 'min_binary';

-- max_age: for how long the token was made, milliseconds; null: it does not expire.
-- extend_when_used: each use moves expires_at to max_age from then.
ALTER TABLE tokens ADD COLUMN max_age BIGINT;
ALTER TABLE tokens ADD COLUMN extend_when_used BOOLEAN NOT NULL DEFAULT FALSE;
DROP INDEX tokens_account;
CREATE INDEX tokens_account ON tokens (account_id, created_at, id);

-- A deleted project's name is '@' and its id, which no project can be named: its
-- name is free again. Its first name stays taken.
ALTER TABLE projects ADD COLUMN tags TEXT NOT NULL DEFAULT '{}'; -- JSON object of strings
ALTER TABLE projects ADD COLUMN deleted_at BIGINT;

ALTER TABLE services ADD COLUMN tags TEXT NOT NULL DEFAULT '{}';

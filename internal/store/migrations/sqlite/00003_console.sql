-- +goose Up

-- What the console shows.

-- An older binary would take a browser's session for a token, and would not keep
-- what lists read of a user.
UPDATE meta SET value = 3 WHERE name = 'min_binary';

-- kind: 'token', which goes into a header, or 'session', which a browser keeps in a cookie.
ALTER TABLE tokens ADD COLUMN kind TEXT NOT NULL DEFAULT 'token';
CREATE INDEX tokens_account ON tokens (account_id, created_at);

-- At most one row, and none once the store has an account.
CREATE TABLE setup_links (
    token_hash BLOB PRIMARY KEY,
    email      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- What a user's row repeats of the renewal that made its current pair.
-- old_not_after: the end of the pair that it replaced; null where a reset or nothing came before.
-- acknowledged: whether somebody acknowledged it.
ALTER TABLE users ADD COLUMN old_not_after INTEGER;
ALTER TABLE users ADD COLUMN acknowledged INTEGER NOT NULL DEFAULT 0;
UPDATE users SET old_not_after = r.old_not_after, acknowledged = r.acknowledged_at IS NOT NULL
FROM renewals r WHERE r.user_id = users.id AND r.generation = users.generation;
-- Lists, counts and calendars of users read this alone, on PostgreSQL users_name. It
-- goes by id, so that a sweep's page touches few pages of the disk. Its last column is
-- always null there: without it SQLite reads the row to see that it is.
CREATE INDEX users_list ON users (service_id, id, name, not_after, old_not_after, acknowledged, renew_at, deleted_at)
    WHERE deleted_at IS NULL;

-- Which users a message named that left.
CREATE TABLE message_users (
    user_id    INTEGER NOT NULL,
    created_at INTEGER NOT NULL, -- of the message
    message_id INTEGER NOT NULL,
    PRIMARY KEY (user_id, created_at, message_id)
) WITHOUT ROWID, STRICT;

CREATE INDEX messages_tried ON messages (project_id, channel_id, created_at, id) WHERE attempts > 0;

-- The last two find what is rare, and cost the sweep nothing.
CREATE INDEX audit_about ON audit (project_id, service, user_name, seq);
CREATE INDEX audit_actor ON audit (project_id, actor, seq) WHERE actor <> 'system';
CREATE INDEX audit_action ON audit (project_id, action, seq) WHERE action <> 'renewal.create';

-- +goose Up

-- What tells people of renewals. Members, invitations and channels are deleted
-- when they end; messages stay, and their channel_id names a channel that may be gone.

-- An older binary would make renewals of which nobody hears.
UPDATE meta SET value = 2 WHERE name = 'min_binary';

-- notices: JSON object; null: inherited, here and in services.
-- news_at: when a digest is due about what is new; null: nothing is.
-- digest_at: when the newest digest was recorded.
ALTER TABLE projects ADD COLUMN notices TEXT;
ALTER TABLE projects ADD COLUMN news_at BIGINT;
ALTER TABLE projects ADD COLUMN digest_at BIGINT;
CREATE INDEX projects_news ON projects (news_at) WHERE news_at IS NOT NULL;

ALTER TABLE services ADD COLUMN notices TEXT;

-- remind_at: when people are told next; null: the schedule is over, or has none.
-- told_at: when they were told last.
-- Nobody heard of the renewals that await acknowledgement here: they are told of at once.
ALTER TABLE renewals ADD COLUMN remind_at BIGINT;
ALTER TABLE renewals ADD COLUMN told_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE renewals ADD COLUMN snoozed_until BIGINT;
ALTER TABLE renewals ADD COLUMN snoozed_by TEXT;
ALTER TABLE renewals ADD COLUMN snooze_reason TEXT;
UPDATE renewals SET told_at = created_at,
    remind_at = CASE WHEN acknowledged_at IS NULL AND closed_at IS NULL THEN created_at END;
CREATE INDEX renewals_remind ON renewals (remind_at, project_id)
    WHERE acknowledged_at IS NULL AND closed_at IS NULL AND remind_at IS NOT NULL;
CREATE INDEX renewals_remind_project ON renewals (project_id, remind_at, user_id)
    WHERE acknowledged_at IS NULL AND closed_at IS NULL AND remind_at IS NOT NULL;
-- A digest counts by service from these two alone.
CREATE INDEX renewals_made ON renewals (service_id, created_at);
DROP INDEX renewals_pending_service;
CREATE INDEX renewals_pending_service ON renewals (service_id, user_id, old_not_after, snoozed_until)
    WHERE acknowledged_at IS NULL AND closed_at IS NULL;

-- renew: when pairs are renewed; remind: when people are reminded.
ALTER TABLE policy_rewrites ADD COLUMN kind TEXT NOT NULL DEFAULT 'renew';

CREATE INDEX members_project ON members (project_id, account_id);

CREATE TABLE invitations (
    project_id BIGINT NOT NULL REFERENCES projects (id),
    email      TEXT COLLATE "C" NOT NULL,
    role       TEXT NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    invited_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, email)
);

CREATE TABLE channels (
    id            BIGINT PRIMARY KEY,
    project_id    BIGINT NOT NULL REFERENCES projects (id),
    kind          TEXT NOT NULL,
    name          TEXT COLLATE "C" NOT NULL,
    sealed_url    BYTEA NOT NULL,
    sealed_secret BYTEA,
    created_at    BIGINT NOT NULL,
    UNIQUE (project_id, name)
);

-- due_at: when the next attempt may start; null unless the state is due.
CREATE TABLE messages (
    id         BIGINT PRIMARY KEY,
    project_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL, -- 0: mail
    created_at BIGINT NOT NULL,
    due_at     BIGINT,
    sent_at    BIGINT,
    attempts   INTEGER NOT NULL,
    state      TEXT NOT NULL,
    kind       TEXT NOT NULL,
    event      TEXT NOT NULL,
    recipient  TEXT NOT NULL,
    slot       TEXT NOT NULL,
    last_error TEXT NOT NULL,
    payload    TEXT NOT NULL, -- JSON
    subject    TEXT NOT NULL,
    body       TEXT NOT NULL,
    html       TEXT NOT NULL
);
CREATE UNIQUE INDEX messages_slot ON messages (project_id, kind, channel_id, recipient, slot) WHERE slot <> '';
CREATE INDEX messages_due ON messages (due_at, id, created_at) WHERE state = 'due';
CREATE INDEX messages_newest ON messages (project_id, created_at, id);
CREATE INDEX messages_state ON messages (project_id, state, created_at, id);

CREATE TABLE attempts (
    message_id BIGINT NOT NULL,
    number     INTEGER NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    outcome    TEXT NOT NULL,
    error      TEXT NOT NULL,
    PRIMARY KEY (message_id, number)
);

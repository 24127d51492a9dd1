-- +goose Up

-- Times are unix milliseconds, durations milliseconds. Rows are never deleted,
-- save policy_rewrites: what ends is marked, and its secrets are set to null.
-- Only what has few rows has foreign keys; generations and renewals are written
-- under the lock of their user's row and by nothing else.
--
-- The tables are those of PostgreSQL. Without rowid are those whose rows are
-- small and read in the order of their key; generations are large and only
-- appended, so a rowid keeps their insertion from touching a page at random.

-- min_binary: the number of the newest migration that a binary must know to use
-- this store. A migration that an older binary cannot live with raises it.
-- last_sweep: the moment of the newest sweep that committed.
-- swept:NN: the moment of the newest sweep that left nothing due in shard NN.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
INSERT INTO meta (name, value) VALUES ('min_binary', 1);

CREATE TABLE keysets (
    name     TEXT PRIMARY KEY,
    wrapped  BLOB NOT NULL,
    revision INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE accounts (
    id            INTEGER PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,
    real_name     TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    administrator INTEGER NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
    id              INTEGER PRIMARY KEY,
    account_id      INTEGER NOT NULL REFERENCES accounts (id),
    hash            BLOB NOT NULL UNIQUE,
    prefix          TEXT NOT NULL,
    description     TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER,
    last_used_at    INTEGER,
    last_ip         TEXT NOT NULL,
    last_user_agent TEXT NOT NULL,
    revoked_at      INTEGER
) STRICT;

CREATE TABLE projects (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,
    first_name   TEXT NOT NULL UNIQUE,
    tech_emails  TEXT NOT NULL, -- JSON array
    validity     INTEGER,        -- null: inherited, here and in services
    renew_before INTEGER,
    spread       INTEGER,
    created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    project_id INTEGER NOT NULL REFERENCES projects (id),
    role       TEXT NOT NULL,
    since      INTEGER NOT NULL,
    PRIMARY KEY (account_id, project_id)
) WITHOUT ROWID, STRICT;

CREATE TABLE services (
    id                     INTEGER PRIMARY KEY,
    project_id             INTEGER NOT NULL REFERENCES projects (id),
    name                   TEXT NOT NULL,
    plan                   TEXT NOT NULL,
    cloud                  TEXT NOT NULL,
    user_config            TEXT NOT NULL, -- JSON object
    tech_emails            TEXT NOT NULL, -- JSON array
    repl_addresses         TEXT NOT NULL, -- JSON array
    validity               INTEGER,
    renew_before           INTEGER,
    spread                 INTEGER,
    termination_protection INTEGER NOT NULL,
    created_at             INTEGER NOT NULL,
    updated_at             INTEGER NOT NULL,
    deleted_at             INTEGER
) STRICT;
CREATE UNIQUE INDEX services_name ON services (project_id, name) WHERE deleted_at IS NULL;
CREATE INDEX services_every_name ON services (project_id, name);

CREATE TABLE cas (
    id           INTEGER PRIMARY KEY,
    project_id   INTEGER NOT NULL REFERENCES projects (id),
    service_id   INTEGER NOT NULL, -- 0 for a project's
    kind         TEXT NOT NULL,
    state        TEXT NOT NULL,
    cert         BLOB NOT NULL,
    sealed_key   BLOB NOT NULL,
    not_before   INTEGER NOT NULL,
    not_after    INTEGER NOT NULL,
    crl_revision INTEGER NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX cas_owner ON cas (project_id, service_id, kind);
CREATE UNIQUE INDEX cas_active ON cas (project_id, service_id, kind) WHERE state = 'active';

-- generation, not_after: of the current pair; 0 before the first.
-- renew_at, policy_*, spread_to: when the pair is to be renewed, and why then.
-- due_at: when the sweep looks, renew_at or later after a failure; null before the first pair.
-- pairs_end: of a deleted user, the latest end of a pair it left behind.
CREATE TABLE users (
    id                  INTEGER PRIMARY KEY,
    project_id          INTEGER NOT NULL,
    service_id          INTEGER NOT NULL REFERENCES services (id),
    revision            INTEGER NOT NULL,
    shard               INTEGER NOT NULL,
    generation          INTEGER NOT NULL,
    not_after           INTEGER NOT NULL,
    renew_at            INTEGER NOT NULL,
    due_at              INTEGER,
    spread_to           INTEGER,
    policy_validity     INTEGER NOT NULL,
    policy_renew_before INTEGER NOT NULL,
    policy_spread       INTEGER NOT NULL,
    name                TEXT NOT NULL,
    is_primary          INTEGER NOT NULL,
    sealed_password     BLOB,
    created_at          INTEGER NOT NULL,
    deleted_at          INTEGER,
    pairs_end           INTEGER
) STRICT;
CREATE UNIQUE INDEX users_name ON users (service_id, name) WHERE deleted_at IS NULL;
CREATE INDEX users_project ON users (project_id, id, service_id) WHERE deleted_at IS NULL;
CREATE INDEX users_due ON users (shard, due_at, id) WHERE deleted_at IS NULL;
CREATE INDEX users_left ON users (service_id, pairs_end) WHERE deleted_at IS NOT NULL;

CREATE TABLE generations (
    user_id    INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    shard      INTEGER NOT NULL,
    ca_id      INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    not_after  INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    serial     BLOB NOT NULL,
    cert       BLOB NOT NULL,
    sealed_key BLOB,
    PRIMARY KEY (user_id, number)
) STRICT;
CREATE UNIQUE INDEX generations_serial ON generations (ca_id, serial);
CREATE INDEX generations_keys ON generations (shard, not_after) WHERE sealed_key IS NOT NULL;
CREATE INDEX generations_revoked ON generations (ca_id, not_after) WHERE revoked_at IS NOT NULL;

CREATE TABLE renewals (
    user_id          INTEGER NOT NULL,
    generation       INTEGER NOT NULL,
    replaced         INTEGER NOT NULL,
    project_id       INTEGER NOT NULL,
    service_id       INTEGER NOT NULL,
    old_not_after    INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    acknowledged_at  INTEGER,
    acknowledged_by  TEXT,
    acknowledged_how TEXT,
    closed_at        INTEGER,
    closed_as        TEXT,
    PRIMARY KEY (user_id, generation)
) WITHOUT ROWID, STRICT;
CREATE INDEX renewals_pending ON renewals (project_id, old_not_after, user_id)
    WHERE acknowledged_at IS NULL AND closed_at IS NULL;
CREATE INDEX renewals_pending_service ON renewals (service_id, old_not_after)
    WHERE acknowledged_at IS NULL AND closed_at IS NULL;

-- One row per user whose renewal failed at some time; opened_at is when it began to fail.
CREATE TABLE failures (
    user_id    INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL,
    opened_at  INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    retry_at   INTEGER NOT NULL,
    closed_at  INTEGER
) STRICT;
CREATE INDEX failures_open ON failures (project_id, opened_at, user_id) WHERE closed_at IS NULL;

CREATE TABLE broker_certs (
    ca_id      INTEGER NOT NULL,
    serial     BLOB NOT NULL,
    service_id INTEGER NOT NULL,
    purpose    TEXT NOT NULL,
    not_after  INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    cert       BLOB NOT NULL,
    PRIMARY KEY (ca_id, serial)
) WITHOUT ROWID, STRICT;
CREATE INDEX broker_certs_newest ON broker_certs (service_id, created_at, not_after);

CREATE TABLE audit (
    project_id INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    action     TEXT NOT NULL,
    service    TEXT NOT NULL,
    user_name  TEXT NOT NULL,
    detail     TEXT NOT NULL, -- JSON object
    mac        BLOB NOT NULL,
    PRIMARY KEY (project_id, seq)
) WITHOUT ROWID, STRICT;

CREATE TABLE audit_heads (
    project_id INTEGER PRIMARY KEY,
    seq        INTEGER NOT NULL,
    mac        BLOB NOT NULL
) STRICT;

CREATE TABLE policy_rewrites (
    id         INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL,
    service_id INTEGER NOT NULL, -- 0: the project's policy
    done_to    INTEGER NOT NULL, -- the last user done
    at         INTEGER NOT NULL
) STRICT;

-- +goose Up

-- Times are unix milliseconds, durations milliseconds. Rows are never deleted,
-- save policy_rewrites: what ends is marked, and its secrets are set to null.
-- Only what has few rows has foreign keys; generations and renewals are written
-- under the lock of their user's row and by nothing else.

-- min_binary: the number of the newest migration that a binary must know to use
-- this store. A migration that an older binary cannot live with raises it.
-- last_sweep: the moment of the newest sweep that committed.
-- swept:NN: the moment of the newest sweep that left nothing due in shard NN.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO meta (name, value) VALUES ('min_binary', 1);

CREATE TABLE keysets (
    name     TEXT PRIMARY KEY,
    wrapped  BYTEA NOT NULL,
    revision BIGINT NOT NULL
);

CREATE TABLE accounts (
    id            BIGINT PRIMARY KEY,
    email         TEXT COLLATE "C" NOT NULL UNIQUE,
    real_name     TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    administrator BOOLEAN NOT NULL,
    created_at    BIGINT NOT NULL
);

CREATE TABLE tokens (
    id              BIGINT PRIMARY KEY,
    account_id      BIGINT NOT NULL REFERENCES accounts (id),
    hash            BYTEA NOT NULL UNIQUE,
    prefix          TEXT NOT NULL,
    description     TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT,
    last_used_at    BIGINT,
    last_ip         TEXT NOT NULL,
    last_user_agent TEXT NOT NULL,
    revoked_at      BIGINT
);

CREATE TABLE projects (
    id           BIGINT PRIMARY KEY,
    name         TEXT COLLATE "C" NOT NULL UNIQUE,
    first_name   TEXT COLLATE "C" NOT NULL UNIQUE,
    tech_emails  TEXT NOT NULL, -- JSON array
    validity     BIGINT,        -- null: inherited, here and in services
    renew_before BIGINT,
    spread       BIGINT,
    created_at   BIGINT NOT NULL
);

CREATE TABLE members (
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    project_id BIGINT NOT NULL REFERENCES projects (id),
    role       TEXT NOT NULL,
    since      BIGINT NOT NULL,
    PRIMARY KEY (account_id, project_id)
);

CREATE TABLE services (
    id                     BIGINT PRIMARY KEY,
    project_id             BIGINT NOT NULL REFERENCES projects (id),
    name                   TEXT COLLATE "C" NOT NULL,
    plan                   TEXT NOT NULL,
    cloud                  TEXT NOT NULL,
    user_config            TEXT NOT NULL, -- JSON object
    tech_emails            TEXT NOT NULL, -- JSON array
    repl_addresses         TEXT NOT NULL, -- JSON array
    validity               BIGINT,
    renew_before           BIGINT,
    spread                 BIGINT,
    termination_protection BOOLEAN NOT NULL,
    created_at             BIGINT NOT NULL,
    updated_at             BIGINT NOT NULL,
    deleted_at             BIGINT
);
CREATE UNIQUE INDEX services_name ON services (project_id, name) WHERE deleted_at IS NULL;
CREATE INDEX services_every_name ON services (project_id, name);

CREATE TABLE cas (
    id           BIGINT PRIMARY KEY,
    project_id   BIGINT NOT NULL REFERENCES projects (id),
    service_id   BIGINT NOT NULL, -- 0 for a project's
    kind         TEXT NOT NULL,
    state        TEXT NOT NULL,
    cert         BYTEA NOT NULL,
    sealed_key   BYTEA NOT NULL,
    not_before   BIGINT NOT NULL,
    not_after    BIGINT NOT NULL,
    crl_revision BIGINT NOT NULL,
    created_at   BIGINT NOT NULL
);
CREATE INDEX cas_owner ON cas (project_id, service_id, kind);
CREATE UNIQUE INDEX cas_active ON cas (project_id, service_id, kind) WHERE state = 'active';

-- generation, not_after: of the current pair; 0 before the first.
-- renew_at, policy_*, spread_to: when the pair is to be renewed, and why then.
-- due_at: when the sweep looks, renew_at or later after a failure; null before the first pair.
-- pairs_end: of a deleted user, the latest end of a pair it left behind.
CREATE TABLE users (
    id                  BIGINT PRIMARY KEY,
    project_id          BIGINT NOT NULL,
    service_id          BIGINT NOT NULL REFERENCES services (id),
    revision            BIGINT NOT NULL,
    shard               INTEGER NOT NULL,
    generation          INTEGER NOT NULL,
    not_after           BIGINT NOT NULL,
    renew_at            BIGINT NOT NULL,
    due_at              BIGINT,
    spread_to           BIGINT,
    policy_validity     BIGINT NOT NULL,
    policy_renew_before BIGINT NOT NULL,
    policy_spread       BIGINT NOT NULL,
    name                TEXT COLLATE "C" NOT NULL,
    is_primary          BOOLEAN NOT NULL,
    sealed_password     BYTEA,
    created_at          BIGINT NOT NULL,
    deleted_at          BIGINT,
    pairs_end           BIGINT
);
CREATE UNIQUE INDEX users_name ON users (service_id, name) WHERE deleted_at IS NULL;
CREATE INDEX users_project ON users (project_id, id, service_id) WHERE deleted_at IS NULL;
CREATE INDEX users_due ON users (shard, due_at, id) WHERE deleted_at IS NULL;
CREATE INDEX users_left ON users (service_id, pairs_end) WHERE deleted_at IS NOT NULL;

CREATE TABLE generations (
    user_id    BIGINT NOT NULL,
    number     INTEGER NOT NULL,
    shard      INTEGER NOT NULL,
    ca_id      BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    not_after  BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    serial     BYTEA NOT NULL,
    cert       BYTEA NOT NULL,
    sealed_key BYTEA,
    PRIMARY KEY (user_id, number)
);
CREATE UNIQUE INDEX generations_serial ON generations (ca_id, serial);
CREATE INDEX generations_keys ON generations (shard, not_after) WHERE sealed_key IS NOT NULL;
CREATE INDEX generations_revoked ON generations (ca_id, not_after) WHERE revoked_at IS NOT NULL;

CREATE TABLE renewals (
    user_id          BIGINT NOT NULL,
    generation       INTEGER NOT NULL,
    replaced         INTEGER NOT NULL,
    project_id       BIGINT NOT NULL,
    service_id       BIGINT NOT NULL,
    old_not_after    BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    acknowledged_at  BIGINT,
    acknowledged_by  TEXT,
    acknowledged_how TEXT,
    closed_at        BIGINT,
    closed_as        TEXT,
    PRIMARY KEY (user_id, generation)
);
CREATE INDEX renewals_pending ON renewals (project_id, old_not_after, user_id)
    WHERE acknowledged_at IS NULL AND closed_at IS NULL;
CREATE INDEX renewals_pending_service ON renewals (service_id, old_not_after)
    WHERE acknowledged_at IS NULL AND closed_at IS NULL;

-- One row per user whose renewal failed at some time; opened_at is when it began to fail.
CREATE TABLE failures (
    user_id    BIGINT PRIMARY KEY,
    project_id BIGINT NOT NULL,
    opened_at  BIGINT NOT NULL,
    reason     TEXT NOT NULL,
    retry_at   BIGINT NOT NULL,
    closed_at  BIGINT
);
CREATE INDEX failures_open ON failures (project_id, opened_at, user_id) WHERE closed_at IS NULL;

CREATE TABLE broker_certs (
    ca_id      BIGINT NOT NULL,
    serial     BYTEA NOT NULL,
    service_id BIGINT NOT NULL,
    purpose    TEXT NOT NULL,
    not_after  BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    cert       BYTEA NOT NULL,
    PRIMARY KEY (ca_id, serial)
);
CREATE INDEX broker_certs_newest ON broker_certs (service_id, created_at, not_after);

CREATE TABLE audit (
    project_id BIGINT NOT NULL,
    seq        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    actor      TEXT NOT NULL,
    action     TEXT NOT NULL,
    service    TEXT NOT NULL,
    user_name  TEXT NOT NULL,
    detail     TEXT NOT NULL, -- JSON object
    mac        BYTEA NOT NULL,
    PRIMARY KEY (project_id, seq)
);

CREATE TABLE audit_heads (
    project_id BIGINT PRIMARY KEY,
    seq        BIGINT NOT NULL,
    mac        BYTEA NOT NULL
);

CREATE TABLE policy_rewrites (
    id         BIGINT PRIMARY KEY,
    project_id BIGINT NOT NULL,
    service_id BIGINT NOT NULL, -- 0: the project's policy
    done_to    BIGINT NOT NULL, -- the last user done
    at         BIGINT NOT NULL
);

-- +goose Up

-- What users may do at the brokers, and the passwords that those know.

-- An older binary would delete users without taking away what they may do.
UPDATE meta SET value = 5 WHERE name = 'min_binary';

-- What is wished. Rows are deleted when they end: the audit log keeps them.
-- revision: of the service's cluster, which the row made; rows are in its order.
CREATE TABLE acls (
    id         BIGINT PRIMARY KEY,
    service_id BIGINT NOT NULL REFERENCES services (id),
    revision   BIGINT NOT NULL,
    permission TEXT COLLATE "C" NOT NULL,
    topic      TEXT COLLATE "C" NOT NULL,
    username   TEXT COLLATE "C" NOT NULL, -- '*': every user
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX acls_order ON acls (service_id, revision);
CREATE UNIQUE INDEX acls_row ON acls (service_id, username, topic, permission);

-- What Segue put on the cluster, or is about to: nothing else is ever taken away.
-- applied_at: when the cluster first confirmed it; null: not yet.
CREATE TABLE acl_bindings (
    service_id BIGINT NOT NULL,
    principal  TEXT COLLATE "C" NOT NULL,
    resource   TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    pattern    TEXT COLLATE "C" NOT NULL,
    operation  TEXT COLLATE "C" NOT NULL,
    applied_at BIGINT,
    PRIMARY KEY (service_id, principal, resource, name, pattern, operation)
);

-- One row per service whose cluster was ever to be changed.
-- revision: grows with each change of what is wished; applied: the newest that the cluster has.
-- synced_at: when the cluster was last seen to be as wished.
-- due_at: when it is looked at next; null: not before something changes.
-- failing_since, failures, error: of the looks since the last that went well.
-- repaired: how many bindings were put back that somebody else had taken away; repaired_at: when last.
CREATE TABLE cluster_syncs (
    service_id    BIGINT PRIMARY KEY,
    project_id    BIGINT NOT NULL,
    revision      BIGINT NOT NULL,
    applied       BIGINT NOT NULL,
    synced_at     BIGINT,
    due_at        BIGINT,
    failing_since BIGINT,
    failures      BIGINT NOT NULL,
    error         TEXT NOT NULL,
    repaired      BIGINT NOT NULL,
    repaired_at   BIGINT
);
CREATE INDEX cluster_syncs_due ON cluster_syncs (due_at, service_id) WHERE due_at IS NOT NULL;

-- password_revision: grows with each new password.
ALTER TABLE users ADD COLUMN password_revision BIGINT NOT NULL DEFAULT 1;

-- The passwords that Segue set on clusters, or is about to set.
-- revision: of the password that the cluster has; 0: it is not known to have one yet.
CREATE TABLE cluster_passwords (
    service_id BIGINT NOT NULL,
    username   TEXT COLLATE "C" NOT NULL,
    user_id    BIGINT NOT NULL,
    revision   BIGINT NOT NULL,
    PRIMARY KEY (service_id, username)
);

-- +goose Up

-- What users may do at the brokers, and the passwords that those know.

-- An older binary would delete users without taking away what they may do.
UPDATE meta SET value = 5 WHERE name = 'min_binary';

-- What is wished. Rows are deleted when they end: the audit log keeps them.
-- revision: of the service's cluster, which the row made; rows are in its order.
CREATE TABLE acls (
    id         INTEGER PRIMARY KEY,
    service_id INTEGER NOT NULL REFERENCES services (id),
    revision   INTEGER NOT NULL,
    permission TEXT NOT NULL,
    topic      TEXT NOT NULL,
    username   TEXT NOT NULL, -- '*': every user
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX acls_order ON acls (service_id, revision);
CREATE UNIQUE INDEX acls_row ON acls (service_id, username, topic, permission);

-- What Segue put on the cluster, or is about to: nothing else is ever taken away.
-- applied_at: when the cluster first confirmed it; null: not yet.
CREATE TABLE acl_bindings (
    service_id INTEGER NOT NULL,
    principal  TEXT NOT NULL,
    resource   TEXT NOT NULL,
    name       TEXT NOT NULL,
    pattern    TEXT NOT NULL,
    operation  TEXT NOT NULL,
    applied_at INTEGER,
    PRIMARY KEY (service_id, principal, resource, name, pattern, operation)
) WITHOUT ROWID, STRICT;

-- One row per service whose cluster was ever to be changed.
-- revision: grows with each change of what is wished; applied: the newest that the cluster has.
-- synced_at: when the cluster was last seen to be as wished.
-- due_at: when it is looked at next; null: not before something changes.
-- failing_since, failures, error: of the looks since the last that went well.
-- repaired: how many bindings were put back that somebody else had taken away; repaired_at: when last.
CREATE TABLE cluster_syncs (
    service_id    INTEGER PRIMARY KEY,
    project_id    INTEGER NOT NULL,
    revision      INTEGER NOT NULL,
    applied       INTEGER NOT NULL,
    synced_at     INTEGER,
    due_at        INTEGER,
    failing_since INTEGER,
    failures      INTEGER NOT NULL,
    error         TEXT NOT NULL,
    repaired      INTEGER NOT NULL,
    repaired_at   INTEGER
) STRICT;
CREATE INDEX cluster_syncs_due ON cluster_syncs (due_at, service_id) WHERE due_at IS NOT NULL;

-- password_revision: grows with each new password.
ALTER TABLE users ADD COLUMN password_revision INTEGER NOT NULL DEFAULT 1;

-- The passwords that Segue set on clusters, or is about to set.
-- revision: of the password that the cluster has; 0: it is not known to have one yet.
CREATE TABLE cluster_passwords (
    service_id INTEGER NOT NULL,
    username   TEXT NOT NULL,
    user_id    INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    PRIMARY KEY (service_id, username)
) WITHOUT ROWID, STRICT;

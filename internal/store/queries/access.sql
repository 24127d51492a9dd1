-- name: ACLs :many
SELECT * FROM acls WHERE service_id = $1 AND revision > sqlc.arg(after) ORDER BY revision LIMIT $2;

-- name: ACL :one
SELECT * FROM acls WHERE id = $1 AND service_id = $2;

-- name: CountACLs :one
SELECT COUNT(*) FROM acls WHERE service_id = $1;

-- name: InsertACL :exec
INSERT INTO acls (id, service_id, revision, permission, topic, username, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: DeleteACL :execrows
DELETE FROM acls WHERE id = $1 AND service_id = $2;

-- name: DeleteACLsOfUser :execrows
DELETE FROM acls WHERE service_id = $1 AND username = $2;

-- name: DeleteACLsOfService :execrows
DELETE FROM acls WHERE service_id = $1;

-- name: Bindings :many
SELECT * FROM acl_bindings WHERE service_id = $1;

-- name: RecordBinding :exec
INSERT INTO acl_bindings (service_id, principal, resource, name, pattern, operation) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (service_id, principal, resource, name, pattern, operation) DO NOTHING;

-- name: ConfirmBinding :exec
UPDATE acl_bindings SET applied_at = $7
WHERE service_id = $1 AND principal = $2 AND resource = $3 AND name = $4 AND pattern = $5 AND operation = $6 AND applied_at IS NULL;

-- name: ForgetBinding :exec
DELETE FROM acl_bindings
WHERE service_id = $1 AND principal = $2 AND resource = $3 AND name = $4 AND pattern = $5 AND operation = $6;

-- name: ClusterSync :one
SELECT * FROM cluster_syncs WHERE service_id = $1;

-- name: DueClusters :many
SELECT service_id FROM cluster_syncs WHERE due_at <= CAST(sqlc.arg(now) AS BIGINT) ORDER BY due_at, service_id LIMIT $1;

-- name: InspectClusterSyncs :many
SELECT * FROM cluster_syncs WHERE service_id > sqlc.arg(after) ORDER BY service_id LIMIT $1;

-- name: CountClusterSyncs :one
SELECT CAST(COUNT(*) AS BIGINT) AS all_of_them,
    CAST(COALESCE(SUM(CASE WHEN failing_since IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS failing,
    CAST(COALESCE(SUM(CASE WHEN failing_since IS NULL AND applied < revision THEN 1 ELSE 0 END), 0) AS BIGINT) AS pending,
    CAST(COALESCE(SUM(repaired), 0) AS BIGINT) AS repaired
FROM cluster_syncs c JOIN services s ON s.id = c.service_id WHERE s.deleted_at IS NULL;

-- name: TouchCluster :one
INSERT INTO cluster_syncs (service_id, project_id, revision, applied, due_at, failures, error, repaired)
VALUES ($1, $2, 1, 0, $3, 0, '', 0)
ON CONFLICT (service_id) DO UPDATE SET revision = cluster_syncs.revision + 1, due_at = excluded.due_at
RETURNING revision;

-- What changed since the cluster was looked at is due already, and stays so.
-- name: SaveClusterSync :execrows
UPDATE cluster_syncs SET applied = sqlc.arg(applied), synced_at = sqlc.narg(synced_at),
    due_at = CASE WHEN revision = sqlc.arg(revision) THEN sqlc.narg(due_at) ELSE due_at END,
    failing_since = sqlc.narg(failing_since), failures = sqlc.arg(failures), error = sqlc.arg(error),
    repaired = sqlc.arg(repaired), repaired_at = sqlc.narg(repaired_at)
WHERE service_id = sqlc.arg(service_id);

-- name: PasswordsToSet :many
SELECT u.id, u.project_id, u.name, u.sealed_password, u.password_revision
FROM users u LEFT JOIN cluster_passwords p ON p.service_id = u.service_id AND p.username = u.name
WHERE u.service_id = $1 AND u.deleted_at IS NULL AND u.name > sqlc.arg(after)
  AND (p.user_id IS NULL OR p.user_id <> u.id OR p.revision <> u.password_revision)
ORDER BY u.name LIMIT $2;

-- name: PasswordsLeft :many
SELECT p.username FROM cluster_passwords p
WHERE p.service_id = $1 AND p.username > sqlc.arg(after)
  AND NOT EXISTS (SELECT 1 FROM users u WHERE u.service_id = p.service_id AND u.name = p.username AND u.deleted_at IS NULL)
ORDER BY p.username LIMIT $2;

-- name: ClusterPasswords :many
SELECT * FROM cluster_passwords WHERE service_id = $1 AND username > sqlc.arg(after) ORDER BY username LIMIT $2;

-- name: RecordPassword :exec
INSERT INTO cluster_passwords (service_id, username, user_id, revision) VALUES ($1, $2, $3, $4)
ON CONFLICT (service_id, username) DO UPDATE SET user_id = excluded.user_id, revision = excluded.revision;

-- name: ForgetPassword :exec
DELETE FROM cluster_passwords WHERE service_id = $1 AND username = $2;

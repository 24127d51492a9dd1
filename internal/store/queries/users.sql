-- Facts are read row by row in this order: users first. In a transaction that
-- does not read from one snapshot, a change that commits in between then shows as
-- a revision that is too old, and Apply refuses what was decided on it.

-- name: UserByName :one
SELECT sqlc.embed(users), g.ca_id, g.serial, g.cert, g.sealed_key, g.public_key, g.created_at AS pair_created_at, g.not_before, g.revoked_at
FROM users LEFT JOIN generations g ON g.user_id = users.id AND g.number = users.generation
WHERE users.service_id = $1 AND users.name = $2 AND users.deleted_at IS NULL;

-- name: Users :many
SELECT sqlc.embed(users), g.ca_id, g.serial, g.cert, g.sealed_key, g.public_key, g.created_at AS pair_created_at, g.not_before, g.revoked_at
FROM users LEFT JOIN generations g ON g.user_id = users.id AND g.number = users.generation
WHERE users.service_id = $1 AND users.name > sqlc.arg(after) AND users.deleted_at IS NULL
ORDER BY users.name LIMIT $2;

-- name: UserGenerations :many
SELECT number, CAST(public_key IS NOT NULL AS BOOLEAN) AS by_csr, not_before, not_after, revoked_at FROM generations WHERE user_id = $1 ORDER BY number;

-- name: UserRenewals :many
SELECT * FROM renewals WHERE user_id = $1 ORDER BY generation;

-- name: UsersGenerations :many
SELECT g.user_id, g.number, CAST(g.public_key IS NOT NULL AS BOOLEAN) AS by_csr, g.not_before, g.not_after, g.revoked_at
FROM (SELECT u.id FROM users u WHERE u.service_id = $1 AND u.name > sqlc.arg(after) AND u.deleted_at IS NULL
      ORDER BY u.name LIMIT $2) AS page
JOIN generations g ON g.user_id = page.id ORDER BY g.user_id, g.number;

-- name: UsersRenewals :many
SELECT r.*
FROM (SELECT u.id FROM users u WHERE u.service_id = $1 AND u.name > sqlc.arg(after) AND u.deleted_at IS NULL
      ORDER BY u.name LIMIT $2) AS page
JOIN renewals r ON r.user_id = page.id ORDER BY r.user_id, r.generation;

-- name: CountUsersOfProject :one
SELECT COUNT(*) FROM users WHERE project_id = $1 AND deleted_at IS NULL;

-- name: CountUsersOfService :one
SELECT COUNT(*) FROM users WHERE service_id = $1 AND deleted_at IS NULL;

-- name: Pair :one
SELECT g.* FROM generations g JOIN users u ON u.id = g.user_id
WHERE g.user_id = $1 AND g.number = $2 AND u.deleted_at IS NULL;

-- Whose key this was, in the project, the newest first.
-- name: KeyHolders :many
SELECT g.user_id, g.number, g.revoked_at FROM generations g JOIN users u ON u.id = g.user_id
WHERE g.public_key = $1 AND u.project_id = $2 ORDER BY g.created_at DESC, g.user_id, g.number LIMIT $3;

-- name: InsertUser :exec
INSERT INTO users (id, project_id, service_id, revision, shard, generation, not_after, renew_at,
    policy_validity, policy_renew_before, policy_spread, name, is_primary, sealed_password, created_at)
VALUES ($1, $2, $3, 0, $4, 0, 0, 0, 0, 0, 0, $5, $6, $7, $8);

-- name: SetPassword :execrows
UPDATE users SET sealed_password = $2, password_revision = password_revision + 1 WHERE id = $1 AND deleted_at IS NULL;

-- name: PendingRenewals :many
SELECT sqlc.embed(r), s.name AS service, u.name AS user_name,
    o.not_before AS old_not_before, CAST(COALESCE(n.not_before, 0) AS BIGINT) AS new_not_before, CAST(COALESCE(n.not_after, 0) AS BIGINT) AS new_not_after
FROM renewals r
JOIN users u ON u.id = r.user_id
JOIN services s ON s.id = r.service_id
JOIN generations o ON o.user_id = r.user_id AND o.number = r.replaced
LEFT JOIN generations n ON n.user_id = r.user_id AND n.number = r.generation
WHERE r.project_id = $1 AND r.acknowledged_at IS NULL AND r.closed_at IS NULL
  AND (r.old_not_after, r.user_id) > (CAST(sqlc.arg(old_not_after) AS BIGINT), CAST(sqlc.arg(user_id) AS BIGINT))
ORDER BY r.old_not_after, r.user_id LIMIT $2;

-- name: CountExpiring :one
SELECT COUNT(*) AS n, COUNT(CASE WHEN waits THEN 1 END) AS waiting, CAST(COALESCE(MIN(old_not_after), 0) AS BIGINT) AS first
FROM renewals WHERE service_id = $1 AND acknowledged_at IS NULL AND closed_at IS NULL;

-- name: OpenFailures :many
SELECT f.user_id, f.project_id, f.opened_at, f.reason, f.retry_at, u.name AS user_name, s.name AS service
FROM failures f JOIN users u ON u.id = f.user_id JOIN services s ON s.id = u.service_id
WHERE f.project_id = $1 AND f.closed_at IS NULL ORDER BY f.opened_at, f.user_id LIMIT $2;

-- name: DuesOfProject :many
SELECT u.id, u.service_id, s.validity, s.renew_before, s.spread, u.not_after, u.renew_at, u.spread_to,
    u.policy_validity, u.policy_renew_before, u.policy_spread, u.revision, s.rekey,
    CAST(u.old_not_after IS NOT NULL AND u.old_not_after = u.not_after AND NOT u.acknowledged AS BOOLEAN) AS waits
FROM users u JOIN services s ON s.id = u.service_id
WHERE u.project_id = $1 AND u.id > sqlc.arg(after) AND u.deleted_at IS NULL AND u.revision > 0
ORDER BY u.id LIMIT $2;

-- name: DuesOfService :many
SELECT u.id, u.service_id, s.validity, s.renew_before, s.spread, u.not_after, u.renew_at, u.spread_to,
    u.policy_validity, u.policy_renew_before, u.policy_spread, u.revision, s.rekey,
    CAST(u.old_not_after IS NOT NULL AND u.old_not_after = u.not_after AND NOT u.acknowledged AS BOOLEAN) AS waits
FROM users u JOIN services s ON s.id = u.service_id
WHERE u.project_id = $1 AND u.service_id = sqlc.arg(service_id) AND u.id > sqlc.arg(after)
  AND u.deleted_at IS NULL AND u.revision > 0
ORDER BY u.id LIMIT $2;

-- name: PolicyRewrites :many
SELECT * FROM policy_rewrites ORDER BY at, id;

-- name: InsertPolicyRewrite :exec
INSERT INTO policy_rewrites (id, kind, project_id, service_id, done_to, at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: AdvancePolicyRewrite :exec
UPDATE policy_rewrites SET done_to = $2 WHERE id = $1;

-- name: DeletePolicyRewrite :exec
DELETE FROM policy_rewrites WHERE id = $1;

-- name: DestroyKeys :execrows
UPDATE generations SET sealed_key = NULL
WHERE (user_id, number) IN (
    SELECT g.user_id, g.number FROM generations g
    WHERE g.shard = $1 AND g.not_after < $2 AND g.sealed_key IS NOT NULL
    ORDER BY g.not_after LIMIT $3);

-- A failure counts only while the user is still due: somebody else may have
-- renewed it meanwhile.
-- name: PutOff :execrows
UPDATE users SET due_at = sqlc.arg(retry_at) WHERE id = $1 AND deleted_at IS NULL AND due_at <= sqlc.arg(failed_at);

-- name: OpenFailure :exec
INSERT INTO failures (user_id, project_id, opened_at, reason, retry_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (user_id) DO UPDATE SET
    opened_at = CASE WHEN failures.closed_at IS NULL THEN failures.opened_at ELSE excluded.opened_at END,
    reason = excluded.reason, retry_at = excluded.retry_at, closed_at = NULL;

-- name: CountKeys :one
SELECT COUNT(*) FROM users u JOIN generations g ON g.user_id = u.id AND g.number = u.generation
WHERE u.service_id = $1 AND u.deleted_at IS NULL AND g.sealed_key IS NOT NULL;

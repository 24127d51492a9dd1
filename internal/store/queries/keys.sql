-- name: Keyset :one
SELECT wrapped, revision FROM keysets WHERE name = $1;

-- name: InsertKeyset :exec
INSERT INTO keysets (name, wrapped, revision) VALUES ($1, $2, 1);

-- name: ReplaceKeyset :execrows
UPDATE keysets SET wrapped = $2, revision = revision + 1 WHERE name = $1 AND revision = sqlc.arg(if_revision);

-- name: SealedUserKeys :many
SELECT u.project_id, g.user_id, g.number, g.serial, g.sealed_key
FROM generations g JOIN users u ON u.id = g.user_id
WHERE (g.user_id, g.number) > (CAST(sqlc.arg(user_id) AS BIGINT), CAST(sqlc.arg(number) AS INTEGER))
  AND g.sealed_key IS NOT NULL
ORDER BY g.user_id, g.number LIMIT $1;

-- name: SealedPasswords :many
SELECT project_id, id, sealed_password FROM users
WHERE id > sqlc.arg(after) AND sealed_password IS NOT NULL ORDER BY id LIMIT $1;

-- name: SealedCAKeys :many
SELECT project_id, id, sealed_key FROM cas WHERE id > sqlc.arg(after) ORDER BY id LIMIT $1;

-- name: ReplaceUserKey :exec
UPDATE generations SET sealed_key = sqlc.arg(sealed) WHERE user_id = $1 AND number = $2 AND sealed_key = sqlc.arg(old);

-- name: ReplacePassword :exec
UPDATE users SET sealed_password = sqlc.arg(sealed) WHERE id = $1 AND sealed_password = sqlc.arg(old);

-- name: ReplaceCAKey :exec
UPDATE cas SET sealed_key = sqlc.arg(sealed) WHERE id = $1 AND sealed_key = sqlc.arg(old);

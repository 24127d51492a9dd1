-- name: Account :one
SELECT * FROM accounts WHERE id = $1;

-- name: AccountByEmail :one
SELECT * FROM accounts WHERE email = $1;

-- name: CountAccounts :one
SELECT COUNT(*) FROM accounts;

-- name: HasAccounts :one
SELECT EXISTS (SELECT 1 FROM accounts);

-- name: InsertAccount :exec
INSERT INTO accounts (id, email, real_name, password_hash, administrator, created_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: InspectAccounts :many
SELECT * FROM accounts WHERE id > sqlc.arg(after) ORDER BY id LIMIT $1;

-- name: InspectTokens :many
SELECT * FROM tokens WHERE id > sqlc.arg(after) ORDER BY id LIMIT $1;

-- name: TokenByHash :one
SELECT * FROM tokens WHERE hash = $1;

-- name: InsertToken :exec
INSERT INTO tokens (id, account_id, hash, prefix, description, created_at, expires_at, last_used_at, last_ip, last_user_agent, revoked_at,
    max_age, extend_when_used, kind)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: Tokens :many
SELECT * FROM tokens
WHERE account_id = $1 AND kind = 'token' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at >= CAST(sqlc.arg(now) AS BIGINT))
  AND (created_at, id) < (CAST(sqlc.arg(created_at) AS BIGINT), CAST(sqlc.arg(id) AS BIGINT))
ORDER BY created_at DESC, id DESC LIMIT $2;

-- name: CountTokens :one
SELECT COUNT(*) FROM tokens
WHERE account_id = $1 AND kind = 'token' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at >= CAST(sqlc.arg(now) AS BIGINT));

-- name: TokensByPrefix :many
SELECT * FROM tokens
WHERE account_id = $1 AND kind = 'token' AND prefix = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at >= CAST(sqlc.arg(now) AS BIGINT))
LIMIT 2;

-- name: SetTokenDescription :execrows
UPDATE tokens SET description = $2 WHERE id = $1;

-- name: TouchToken :execrows
UPDATE tokens SET last_used_at = $2, last_ip = $3, last_user_agent = $4, expires_at = $5 WHERE id = $1;

-- name: RevokeToken :execrows
UPDATE tokens SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1;

-- name: Role :one
SELECT role FROM members WHERE project_id = $1 AND account_id = $2;

-- name: SetRole :exec
INSERT INTO members (account_id, project_id, role, since) VALUES ($1, $2, $3, $4)
ON CONFLICT (account_id, project_id) DO UPDATE SET role = excluded.role, since = excluded.since;

-- name: SignInAddresses :many
SELECT last_ip FROM tokens WHERE account_id = $1 ORDER BY created_at DESC LIMIT $2;

-- name: Sessions :many
SELECT * FROM tokens
WHERE account_id = $1 AND kind = 'session' AND revoked_at IS NULL
  AND expires_at >= CAST(sqlc.arg(now) AS BIGINT) AND last_used_at >= CAST(sqlc.arg(used_since) AS BIGINT)
ORDER BY created_at DESC, id LIMIT $2;

-- name: SetupLink :one
SELECT * FROM setup_links WHERE token_hash = $1;

-- name: DeleteSetupLinks :exec
DELETE FROM setup_links;

-- name: InsertSetupLink :exec
INSERT INTO setup_links (token_hash, email, created_at, expires_at) VALUES ($1, $2, $3, $4);

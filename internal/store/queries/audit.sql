-- name: AuditEntries :many
SELECT * FROM audit WHERE project_id = $1 AND seq > sqlc.arg(after) ORDER BY seq LIMIT $2;

-- name: AuditHead :one
SELECT seq, mac FROM audit_heads WHERE project_id = $1;

-- name: InsertAuditHead :exec
INSERT INTO audit_heads (project_id, seq, mac) VALUES ($1, 0, sqlc.arg(mac)) ON CONFLICT (project_id) DO NOTHING;

-- name: MoveAuditHead :execrows
UPDATE audit_heads SET seq = sqlc.arg(to_seq), mac = sqlc.arg(mac)
WHERE project_id = $1 AND seq = sqlc.arg(from_seq);

-- Newest first, by the index that leaves the least to look through.

-- name: NewestAudit :many
SELECT * FROM audit
WHERE project_id = $1 AND seq < sqlc.arg(before)
  AND (CAST(sqlc.arg(service) AS TEXT) = '' OR service = CAST(sqlc.arg(service) AS TEXT))
  AND (CAST(sqlc.arg(user_name) AS TEXT) = '' OR user_name = CAST(sqlc.arg(user_name) AS TEXT))
  AND (CAST(sqlc.arg(actor) AS TEXT) = '' OR actor = CAST(sqlc.arg(actor) AS TEXT))
  AND (CAST(sqlc.arg(action) AS TEXT) = '' OR action = CAST(sqlc.arg(action) AS TEXT))
ORDER BY seq DESC LIMIT $2;

-- name: NewestAuditAbout :many
SELECT * FROM audit
WHERE project_id = $1 AND service = $2 AND user_name = $3 AND seq < sqlc.arg(before)
  AND (CAST(sqlc.arg(actor) AS TEXT) = '' OR actor = CAST(sqlc.arg(actor) AS TEXT))
  AND (CAST(sqlc.arg(action) AS TEXT) = '' OR action = CAST(sqlc.arg(action) AS TEXT))
ORDER BY seq DESC LIMIT $4;

-- name: NewestAuditBy :many
SELECT * FROM audit
WHERE project_id = $1 AND actor = $2 AND actor <> 'system' AND seq < sqlc.arg(before)
  AND (CAST(sqlc.arg(service) AS TEXT) = '' OR service = CAST(sqlc.arg(service) AS TEXT))
  AND (CAST(sqlc.arg(user_name) AS TEXT) = '' OR user_name = CAST(sqlc.arg(user_name) AS TEXT))
  AND (CAST(sqlc.arg(action) AS TEXT) = '' OR action = CAST(sqlc.arg(action) AS TEXT))
ORDER BY seq DESC LIMIT $3;

-- name: NewestAuditOf :many
SELECT * FROM audit
WHERE project_id = $1 AND action = $2 AND action <> 'renewal.create' AND seq < sqlc.arg(before)
  AND (CAST(sqlc.arg(service) AS TEXT) = '' OR service = CAST(sqlc.arg(service) AS TEXT))
  AND (CAST(sqlc.arg(user_name) AS TEXT) = '' OR user_name = CAST(sqlc.arg(user_name) AS TEXT))
  AND (CAST(sqlc.arg(actor) AS TEXT) = '' OR actor = CAST(sqlc.arg(actor) AS TEXT))
ORDER BY seq DESC LIMIT $3;

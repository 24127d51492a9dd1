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

-- The key stands apart, for SQLite takes an index beside the rows' own order only
-- where it needs nothing of the rows.

-- name: NewestAuditAbout :many
SELECT e.* FROM audit k CROSS JOIN audit e
WHERE k.project_id = $1 AND k.service = $2 AND k.user_name = $3 AND k.seq < sqlc.arg(before)
  AND e.project_id = k.project_id AND e.seq = k.seq
  AND (CAST(sqlc.arg(actor) AS TEXT) = '' OR e.actor = CAST(sqlc.arg(actor) AS TEXT))
  AND (CAST(sqlc.arg(action) AS TEXT) = '' OR e.action = CAST(sqlc.arg(action) AS TEXT))
ORDER BY k.seq DESC LIMIT $4;

-- name: NewestAuditBy :many
SELECT e.* FROM audit k CROSS JOIN audit e
WHERE k.project_id = $1 AND k.actor = $2 AND k.actor <> 'system' AND k.seq < sqlc.arg(before)
  AND e.project_id = k.project_id AND e.seq = k.seq
  AND (CAST(sqlc.arg(service) AS TEXT) = '' OR e.service = CAST(sqlc.arg(service) AS TEXT))
  AND (CAST(sqlc.arg(user_name) AS TEXT) = '' OR e.user_name = CAST(sqlc.arg(user_name) AS TEXT))
  AND (CAST(sqlc.arg(action) AS TEXT) = '' OR e.action = CAST(sqlc.arg(action) AS TEXT))
ORDER BY k.seq DESC LIMIT $3;

-- name: NewestAuditOf :many
SELECT e.* FROM audit k CROSS JOIN audit e
WHERE k.project_id = $1 AND k.action = $2 AND k.action <> 'renewal.create' AND k.seq < sqlc.arg(before)
  AND e.project_id = k.project_id AND e.seq = k.seq
  AND (CAST(sqlc.arg(service) AS TEXT) = '' OR e.service = CAST(sqlc.arg(service) AS TEXT))
  AND (CAST(sqlc.arg(user_name) AS TEXT) = '' OR e.user_name = CAST(sqlc.arg(user_name) AS TEXT))
  AND (CAST(sqlc.arg(actor) AS TEXT) = '' OR e.actor = CAST(sqlc.arg(actor) AS TEXT))
ORDER BY k.seq DESC LIMIT $3;

-- name: AuditEntries :many
SELECT * FROM audit WHERE project_id = $1 AND seq > sqlc.arg(after) ORDER BY seq LIMIT $2;

-- name: AuditHead :one
SELECT seq, mac FROM audit_heads WHERE project_id = $1;

-- name: InsertAuditHead :exec
INSERT INTO audit_heads (project_id, seq, mac) VALUES ($1, 0, sqlc.arg(mac)) ON CONFLICT (project_id) DO NOTHING;

-- name: MoveAuditHead :execrows
UPDATE audit_heads SET seq = sqlc.arg(to_seq), mac = sqlc.arg(mac)
WHERE project_id = $1 AND seq = sqlc.arg(from_seq);

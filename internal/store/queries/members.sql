-- name: Members :many
SELECT a.id, a.email, a.real_name, m.role, m.since
FROM members m JOIN accounts a ON a.id = m.account_id
WHERE m.project_id = $1 AND a.email > sqlc.arg(after) ORDER BY a.email LIMIT $2;

-- name: RemoveMember :execrows
DELETE FROM members WHERE project_id = $1 AND account_id = $2;

-- name: Invitations :many
SELECT * FROM invitations WHERE project_id = $1 AND email > sqlc.arg(after) ORDER BY email LIMIT $2;

-- name: InvitationByHash :one
SELECT * FROM invitations WHERE token_hash = $1;

-- name: InsertInvitation :exec
INSERT INTO invitations (project_id, email, role, token_hash, invited_by, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (project_id, email) DO UPDATE SET role = excluded.role, token_hash = excluded.token_hash,
    invited_by = excluded.invited_by, created_at = excluded.created_at, expires_at = excluded.expires_at;

-- name: DeleteInvitation :execrows
DELETE FROM invitations WHERE project_id = $1 AND email = $2;

-- name: SetAccountPassword :execrows
UPDATE accounts SET password_hash = $2, real_name = $3 WHERE id = $1;

-- name: SetProjectContacts :execrows
UPDATE projects SET tech_emails = $2 WHERE id = $1;

-- name: SetServiceContacts :execrows
UPDATE services SET tech_emails = $2, updated_at = $3 WHERE id = $1 AND deleted_at IS NULL;

-- name: SetProjectNotices :execrows
UPDATE projects SET notices = $2 WHERE id = $1;

-- name: SetServiceNotices :execrows
UPDATE services SET notices = $2, updated_at = $3 WHERE id = $1 AND deleted_at IS NULL;

-- name: Project :one
SELECT * FROM projects WHERE id = $1;

-- name: ProjectByName :one
SELECT * FROM projects WHERE name = $1 AND deleted_at IS NULL;

-- name: AllProjects :many
SELECT * FROM projects WHERE name > sqlc.arg(after) AND deleted_at IS NULL ORDER BY name LIMIT $1;

-- name: ProjectsOf :many
SELECT p.* FROM members m JOIN projects p ON p.id = m.project_id
WHERE m.account_id = $1 AND p.name > sqlc.arg(after) AND p.deleted_at IS NULL ORDER BY p.name LIMIT $2;

-- name: InspectProjects :many
SELECT * FROM projects WHERE id > sqlc.arg(after) ORDER BY id LIMIT $1;

-- name: InsertProject :exec
INSERT INTO projects (id, name, first_name, tech_emails, validity, renew_before, spread, notices, tags, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: SetProjectPolicy :execrows
UPDATE projects SET validity = $2, renew_before = $3, spread = $4 WHERE id = $1;

-- name: FirstNameTaken :one
SELECT EXISTS (SELECT 1 FROM projects WHERE first_name = $1);

-- name: RenameProject :execrows
UPDATE projects SET name = $2 WHERE id = $1 AND deleted_at IS NULL;

-- name: SetProjectTags :execrows
UPDATE projects SET tags = $2 WHERE id = $1 AND deleted_at IS NULL;

-- A project that is being deleted waits for services that are being made in it,
-- and they for it: both hold its row by its name.
-- name: DeleteProject :execrows
UPDATE projects SET deleted_at = $2, name = $3, news_at = NULL WHERE id = $1 AND deleted_at IS NULL;

-- name: ProjectAlive :one
SELECT EXISTS (SELECT 1 FROM projects WHERE id = $1 AND deleted_at IS NULL);

-- name: ProjectHasServices :one
SELECT EXISTS (SELECT 1 FROM services WHERE project_id = $1 AND deleted_at IS NULL);

-- name: CountServices :one
SELECT COUNT(*) FROM services WHERE project_id = $1 AND deleted_at IS NULL;

-- name: DeleteInvitations :exec
DELETE FROM invitations WHERE project_id = $1;

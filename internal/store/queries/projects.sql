-- name: Project :one
SELECT * FROM projects WHERE id = $1;

-- name: ProjectByName :one
SELECT * FROM projects WHERE name = $1;

-- name: AllProjects :many
SELECT * FROM projects WHERE name > sqlc.arg(after) ORDER BY name LIMIT $1;

-- name: ProjectsOf :many
SELECT p.* FROM members m JOIN projects p ON p.id = m.project_id
WHERE m.account_id = $1 AND p.name > sqlc.arg(after) ORDER BY p.name LIMIT $2;

-- name: InspectProjects :many
SELECT * FROM projects WHERE id > sqlc.arg(after) ORDER BY id LIMIT $1;

-- name: InsertProject :exec
INSERT INTO projects (id, name, first_name, tech_emails, validity, renew_before, spread, notices, created_at, rekey)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: SetProjectPolicy :execrows
UPDATE projects SET validity = $2, renew_before = $3, spread = $4, rekey = $5 WHERE id = $1;

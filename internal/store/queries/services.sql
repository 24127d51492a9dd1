-- name: ServiceByName :one
SELECT * FROM services WHERE project_id = $1 AND name = $2 AND deleted_at IS NULL;

-- name: Services :many
SELECT * FROM services WHERE project_id = $1 AND name > sqlc.arg(after) AND deleted_at IS NULL ORDER BY name LIMIT $2;

-- name: InspectServices :many
SELECT * FROM services WHERE id > sqlc.arg(after) ORDER BY id LIMIT $1;

-- name: InsertService :exec
INSERT INTO services (id, project_id, name, plan, cloud, user_config, tech_emails, repl_addresses,
    validity, renew_before, spread, notices, termination_protection, tags, maintenance_day, maintenance_time, created_at, updated_at, rekey)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19);

-- name: SetServicePolicy :execrows
UPDATE services SET validity = $2, renew_before = $3, spread = $4, updated_at = $5, rekey = $6 WHERE id = $1 AND deleted_at IS NULL;

-- name: UpdateService :execrows
UPDATE services SET plan = $2, cloud = $3, user_config = $4, tech_emails = $5, termination_protection = $6, tags = $7, updated_at = $8,
    maintenance_day = $9, maintenance_time = $10
WHERE id = $1 AND deleted_at IS NULL;

-- name: SetReplAddresses :execrows
UPDATE services SET repl_addresses = $2, updated_at = $3 WHERE id = $1 AND deleted_at IS NULL;

-- name: DeleteService :execrows
UPDATE services SET deleted_at = $2, updated_at = $2 WHERE id = $1 AND deleted_at IS NULL AND NOT termination_protection;

-- name: ServiceHasUsers :one
SELECT EXISTS (SELECT 1 FROM users WHERE service_id = $1 AND deleted_at IS NULL);

-- name: DeletedPairsEnd :one
SELECT u.pairs_end FROM services s JOIN users u ON u.service_id = s.id
WHERE s.project_id = $1 AND s.name = sqlc.arg(service)
  AND u.deleted_at IS NOT NULL AND u.pairs_end >= CAST(sqlc.arg(now) AS BIGINT)
  AND (CAST(sqlc.arg(user_name) AS TEXT) = '' OR u.name = CAST(sqlc.arg(user_name) AS TEXT))
ORDER BY u.pairs_end DESC LIMIT 1;

-- CROSS JOIN keeps the users first on SQLite.
-- name: PairsEnd :one
SELECT CAST(COALESCE(MAX(g.not_after), 0) AS BIGINT) FROM users u CROSS JOIN generations g
WHERE u.service_id = $1 AND u.deleted_at IS NULL AND g.user_id = u.id AND g.not_after >= CAST(sqlc.arg(now) AS BIGINT);

-- name: ServiceByID :one
SELECT * FROM services WHERE id = $1;

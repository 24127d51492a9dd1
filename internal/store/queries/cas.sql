-- name: CA :one
SELECT * FROM cas WHERE id = $1;

-- name: ActiveCA :one
SELECT * FROM cas WHERE project_id = $1 AND service_id = $2 AND kind = $3 AND state = 'active';

-- name: TrustedCAs :many
SELECT * FROM cas WHERE project_id = $1 AND service_id = 0 AND kind = 'project' AND state IN ('active', 'next', 'trusted')
ORDER BY CASE state WHEN 'active' THEN 0 WHEN 'next' THEN 1 ELSE 2 END, created_at, id;

-- name: Revoked :many
SELECT serial, revoked_at FROM generations
WHERE ca_id = $1 AND not_after > sqlc.arg(end_after) AND revoked_at IS NOT NULL ORDER BY not_after, serial;

-- name: InsertCA :exec
INSERT INTO cas (id, project_id, service_id, kind, state, cert, sealed_key, not_before, not_after, crl_revision, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: InspectCAs :many
SELECT * FROM cas WHERE id > sqlc.arg(after) ORDER BY id LIMIT $1;

-- name: NewestBrokerCert :one
SELECT * FROM broker_certs WHERE service_id = $1 AND purpose <> 'admin-session' ORDER BY created_at DESC, not_after DESC LIMIT 1;

-- name: InsertBrokerCert :exec
INSERT INTO broker_certs (ca_id, serial, service_id, purpose, not_after, created_at, cert)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: InspectBrokerCerts :many
SELECT * FROM broker_certs ORDER BY created_at, ca_id, serial LIMIT $1 OFFSET $2;

-- name: NextCRL :exec
UPDATE cas SET crl_revision = crl_revision + 1 WHERE id = $1;

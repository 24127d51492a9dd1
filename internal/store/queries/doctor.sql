-- name: InspectUsers :many
SELECT sqlc.embed(users), s.name AS service, f.opened_at, f.reason, f.retry_at
FROM users JOIN services s ON s.id = users.service_id
LEFT JOIN failures f ON f.user_id = users.id AND f.closed_at IS NULL
WHERE users.id > sqlc.arg(after) ORDER BY users.id LIMIT $1;

-- name: InspectGenerations :many
SELECT * FROM generations WHERE user_id > sqlc.arg(after) AND user_id <= sqlc.arg(last) ORDER BY user_id, number;

-- name: InspectRenewals :many
SELECT * FROM renewals WHERE user_id > sqlc.arg(after) AND user_id <= sqlc.arg(last) ORDER BY user_id, generation;

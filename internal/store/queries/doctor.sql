-- name: InspectUsers :many
SELECT sqlc.embed(users), s.name AS service, f.opened_at, f.reason, f.retry_at
FROM users JOIN services s ON s.id = users.service_id
LEFT JOIN failures f ON f.user_id = users.id AND f.closed_at IS NULL
WHERE users.id > sqlc.arg(after) ORDER BY users.id LIMIT $1;

-- name: InspectGenerations :many
SELECT * FROM generations WHERE user_id > sqlc.arg(after) AND user_id <= sqlc.arg(last) ORDER BY user_id, number;

-- name: InspectRenewals :many
SELECT * FROM renewals WHERE user_id > sqlc.arg(after) AND user_id <= sqlc.arg(last) ORDER BY user_id, generation;

-- name: InspectChannels :many
SELECT * FROM channels WHERE id > sqlc.arg(after) ORDER BY id LIMIT $1;

-- recorded: attempts of the message; reachable: 1 where its channel is in its project.
-- Of what it rendered the text is enough.
-- name: InspectMessages :many
SELECT m.id, m.project_id, m.channel_id, m.created_at, m.due_at, m.attempts, m.state, m.kind, m.recipient,
    m.last_error, m.payload, m.subject, m.body,
    (SELECT COUNT(*) FROM attempts a WHERE a.message_id = m.id) AS recorded,
    (SELECT COUNT(*) FROM channels c WHERE c.id = m.channel_id AND c.project_id = m.project_id) AS reachable
FROM messages m WHERE m.id > sqlc.arg(after) ORDER BY m.id LIMIT $1;

-- name: Message :one
SELECT * FROM messages WHERE id = $1;

-- name: Messages :many
SELECT * FROM messages
WHERE project_id = $1 AND (created_at, id) < (CAST(sqlc.arg(created_at) AS BIGINT), CAST(sqlc.arg(id) AS BIGINT))
ORDER BY created_at DESC, id DESC LIMIT $2;

-- name: MessagesInState :many
SELECT * FROM messages
WHERE project_id = $1 AND state = $2
  AND (created_at, id) < (CAST(sqlc.arg(created_at) AS BIGINT), CAST(sqlc.arg(id) AS BIGINT))
ORDER BY created_at DESC, id DESC LIMIT $3;

-- name: DueMessages :many
SELECT id FROM messages WHERE state = 'due' AND due_at <= CAST(sqlc.arg(now) AS BIGINT) ORDER BY due_at, id LIMIT $1;

-- name: OldestDue :one
SELECT CAST(COUNT(*) AS BIGINT) AS n, CAST(COALESCE(MIN(created_at), 0) AS BIGINT) AS oldest FROM messages WHERE state = 'due';

-- Both counts read messages_state alone.

-- name: CountMessages :many
SELECT state, COUNT(*) AS n FROM messages GROUP BY state;

-- name: CountMessagesOf :many
SELECT state, COUNT(*) AS n FROM messages WHERE project_id = $1 GROUP BY state;

-- name: ClaimMessage :one
UPDATE messages SET due_at = CAST(sqlc.arg(until) AS BIGINT)
WHERE id = $1 AND state = 'due' AND due_at <= CAST(sqlc.arg(now) AS BIGINT) RETURNING *;

-- An attempt whose claim ran out may end after another one, or after its channel:
-- that it delivered stands, anything else it says of the message came too late.
-- name: SaveMessage :exec
UPDATE messages SET state = sqlc.arg(state), due_at = sqlc.arg(due_at), attempts = sqlc.arg(attempts),
    last_error = sqlc.arg(last_error), sent_at = sqlc.arg(sent_at),
    subject = sqlc.arg(subject), body = sqlc.arg(body), html = sqlc.arg(html)
WHERE id = $1 AND (state = 'due' OR (state <> 'sent' AND CAST(sqlc.arg(state) AS TEXT) = 'sent'));

-- name: TakeIn :many
UPDATE messages SET state = 'dropped', due_at = NULL
WHERE project_id = $1 AND kind = $2 AND channel_id = $3 AND recipient = $4 AND slot <> '' AND id <> $5
  AND state = 'due' AND due_at <= CAST(sqlc.arg(now) AS BIGINT) RETURNING payload;

-- name: SetPayload :execrows
UPDATE messages SET payload = $2 WHERE id = $1 AND state = 'due';

-- name: InsertAttempt :exec
INSERT INTO attempts (message_id, number, started_at, ended_at, outcome, error) VALUES ($1, $2, $3, $4, $5, $6);

-- name: Attempts :many
SELECT * FROM attempts WHERE message_id = $1 ORDER BY number;

-- Each digest has a slot, so this reads messages_slot.
-- name: HasNewerDigest :one
SELECT CAST(COUNT(*) AS BIGINT) AS n FROM messages
WHERE project_id = $1 AND kind = 'digest' AND channel_id = 0 AND recipient = $2 AND slot <> '' AND created_at > $3;

-- name: RetryMessage :execrows
UPDATE messages SET state = 'due', due_at = sqlc.arg(now) WHERE id = $1 AND state IN ('dead', 'dropped', 'kept');

-- name: InsertMessageUser :exec
INSERT INTO message_users (user_id, created_at, message_id) VALUES ($1, $2, $3)
ON CONFLICT (user_id, created_at, message_id) DO NOTHING;

-- name: MessagesOfUser :many
SELECT m.* FROM message_users n CROSS JOIN messages m
WHERE n.user_id = $1 AND (n.created_at, n.message_id) < (CAST(sqlc.arg(created_at) AS BIGINT), CAST(sqlc.arg(id) AS BIGINT))
  AND m.id = n.message_id
ORDER BY n.created_at DESC, n.message_id DESC LIMIT $2;

-- name: NewestTried :one
SELECT m.id, m.state, m.last_error, CAST(COALESCE((SELECT MAX(a.ended_at) FROM attempts a WHERE a.message_id = m.id), 0) AS BIGINT) AS tried_at
FROM messages m WHERE m.project_id = $1 AND m.channel_id = $2 AND m.attempts > 0
ORDER BY m.created_at DESC, m.id DESC LIMIT 1;

-- name: NextTries :many
SELECT channel_id, CAST(MIN(due_at) AS BIGINT) AS due_at FROM messages
WHERE project_id = $1 AND state = 'due' AND due_at IS NOT NULL GROUP BY channel_id;

-- name: NewestError :one
SELECT m.last_error, CAST(COALESCE((SELECT MAX(a.ended_at) FROM attempts a WHERE a.message_id = m.id), 0) AS BIGINT) AS tried_at
FROM messages m WHERE m.project_id = $1 AND m.state = $2 AND m.last_error <> ''
ORDER BY m.created_at DESC, m.id DESC LIMIT 1;

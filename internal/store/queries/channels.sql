-- name: Channels :many
SELECT * FROM channels WHERE project_id = $1 ORDER BY name;

-- name: Channel :one
SELECT * FROM channels WHERE project_id = $1 AND name = $2;

-- name: ChannelByID :one
SELECT * FROM channels WHERE id = $1;

-- name: InsertChannel :exec
INSERT INTO channels (id, project_id, kind, name, sealed_url, sealed_secret, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: DropMessagesOf :exec
UPDATE messages SET state = 'dropped', due_at = NULL
WHERE project_id = (SELECT c.project_id FROM channels c WHERE c.id = $1) AND state = 'due' AND channel_id = $1;

-- name: DeleteChannel :execrows
DELETE FROM channels WHERE id = $1;

-- name: SealedChannelURLs :many
SELECT project_id, id, sealed_url FROM channels WHERE id > sqlc.arg(after) ORDER BY id LIMIT $1;

-- name: SealedChannelSecrets :many
SELECT project_id, id, sealed_secret FROM channels
WHERE id > sqlc.arg(after) AND sealed_secret IS NOT NULL ORDER BY id LIMIT $1;

-- name: ReplaceChannelURL :exec
UPDATE channels SET sealed_url = sqlc.arg(sealed) WHERE id = $1 AND sealed_url = sqlc.arg(old);

-- name: ReplaceChannelSecret :exec
UPDATE channels SET sealed_secret = sqlc.arg(sealed) WHERE id = $1 AND sealed_secret = sqlc.arg(old);

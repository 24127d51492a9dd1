-- The page of due users stands in three queries with the same inner page.
-- DueRenewals gives those that await nothing too: where PostgreSQL has no
-- statistics yet it takes the index of the others for tiny, and reads it whole
-- for each user.

-- name: DueUsers :many
SELECT u.id, u.project_id, u.service_id, u.due_at, u.renew_at, u.revision, u.name,
    s.name AS service, s.validity, s.renew_before, s.spread,
    p.first_name AS project, p.validity AS project_validity, p.renew_before AS project_renew_before, p.spread AS project_spread
FROM users u JOIN services s ON s.id = u.service_id JOIN projects p ON p.id = u.project_id
WHERE u.shard = $1 AND u.deleted_at IS NULL AND u.due_at <= sqlc.arg(now)
  AND (u.due_at, u.id) > (CAST(sqlc.arg(due_at) AS BIGINT), CAST(sqlc.arg(user_id) AS BIGINT))
ORDER BY u.due_at, u.id LIMIT $2;

-- name: DueGenerations :many
SELECT g.user_id, g.number, g.not_before, g.not_after, g.revoked_at
FROM (SELECT u.id, u.generation FROM users u
      WHERE u.shard = $1 AND u.deleted_at IS NULL AND u.due_at <= sqlc.arg(now)
        AND (u.due_at, u.id) > (CAST(sqlc.arg(due_at) AS BIGINT), CAST(sqlc.arg(user_id) AS BIGINT))
      ORDER BY u.due_at, u.id LIMIT $2) AS page
JOIN generations g ON g.user_id = page.id
WHERE g.number = page.generation OR (g.revoked_at IS NULL AND g.not_after >= sqlc.arg(now))
ORDER BY g.user_id, g.number;

-- name: DueRenewals :many
SELECT r.user_id, r.generation, r.replaced, r.created_at,
    CAST(r.acknowledged_at IS NULL AND r.closed_at IS NULL AS BOOLEAN) AS awaiting
FROM (SELECT u.id FROM users u
      WHERE u.shard = $1 AND u.deleted_at IS NULL AND u.due_at <= sqlc.arg(now)
        AND (u.due_at, u.id) > (CAST(sqlc.arg(due_at) AS BIGINT), CAST(sqlc.arg(user_id) AS BIGINT))
      ORDER BY u.due_at, u.id LIMIT $2) AS page
JOIN renewals r ON r.user_id = page.id
ORDER BY r.user_id, r.generation;

-- The users due in every shard: one range of the index for each.
-- name: CountDue :one
WITH shards (shard) AS (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15))
SELECT CAST(SUM((SELECT COUNT(*) FROM users u
    WHERE u.shard = shards.shard AND u.deleted_at IS NULL AND u.due_at <= CAST(sqlc.arg(now) AS BIGINT))) AS BIGINT)
FROM shards;

-- The shards with something to do: at most two probes of an index for each.
-- name: DueShards :many
WITH shards (shard) AS (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15))
SELECT CAST(shards.shard AS INTEGER) FROM shards
WHERE EXISTS (SELECT 1 FROM users u
    WHERE u.shard = shards.shard AND u.deleted_at IS NULL AND u.due_at <= CAST(sqlc.arg(now) AS BIGINT))
  OR EXISTS (SELECT 1 FROM generations g
    WHERE g.shard = shards.shard AND g.sealed_key IS NOT NULL AND g.not_after < CAST(sqlc.arg(ended_before) AS BIGINT))
ORDER BY 1;

-- name: LastSweep :one
SELECT value FROM meta WHERE name = 'last_sweep';

-- name: InsertLastSweep :exec
INSERT INTO meta (name, value) VALUES ('last_sweep', $1) ON CONFLICT (name) DO NOTHING;

-- name: NoteShard :exec
INSERT INTO meta (name, value)
SELECT CAST(sqlc.arg(name) AS TEXT), CAST(sqlc.arg(now) AS BIGINT)
WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.shard = $1 AND users.deleted_at IS NULL AND users.due_at <= sqlc.arg(now))
ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE meta.value < excluded.value;

-- name: SweptShards :many
SELECT name, value FROM meta WHERE name LIKE 'swept:%';

-- name: AdvanceLastSweep :exec
UPDATE meta SET value = $1 WHERE name = 'last_sweep' AND value < $1;

-- name: RewindSweeps :exec
UPDATE meta SET value = $1 WHERE (name = 'last_sweep' OR name LIKE 'swept:%') AND value > $1;

-- name: RewindDigests :exec
UPDATE projects SET
    digest_at = CASE WHEN digest_at > CAST(sqlc.arg(now) AS BIGINT) THEN NULL ELSE digest_at END,
    news_at = CASE WHEN news_at > CAST(sqlc.arg(now) AS BIGINT) THEN CAST(sqlc.arg(now) AS BIGINT) ELSE news_at END
WHERE digest_at > CAST(sqlc.arg(now) AS BIGINT) OR news_at > CAST(sqlc.arg(now) AS BIGINT);

-- A digest without a slot takes nobody's place on its day, and is newer than none.
-- name: RewindSlots :exec
UPDATE messages SET slot = '' WHERE kind = 'digest' AND slot <> '' AND created_at > $1;

-- name: RewindMessages :exec
UPDATE messages SET due_at = CAST(sqlc.arg(now) AS BIGINT)
WHERE state = 'due' AND due_at > CAST(sqlc.arg(longest_wait) AS BIGINT);

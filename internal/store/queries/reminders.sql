-- A renewal is pending while nobody acknowledged it and nothing closed it. The
-- condition stands in each query as the indexes have it.

-- name: DueReminders :many
SELECT sqlc.embed(r), s.name AS service, u.name AS user_name,
    o.not_before AS old_not_before, CAST(COALESCE(n.not_before, 0) AS BIGINT) AS new_not_before, CAST(COALESCE(n.not_after, 0) AS BIGINT) AS new_not_after
FROM renewals r
JOIN users u ON u.id = r.user_id
JOIN services s ON s.id = r.service_id
JOIN generations o ON o.user_id = r.user_id AND o.number = r.replaced
LEFT JOIN generations n ON n.user_id = r.user_id AND n.number = r.generation
WHERE r.project_id = $1 AND r.acknowledged_at IS NULL AND r.closed_at IS NULL
  AND r.remind_at <= CAST(sqlc.arg(now) AS BIGINT)
ORDER BY r.remind_at, r.user_id LIMIT $2;

-- By project and user there is no index of what is pending: all pages together go
-- over the users once, which CROSS JOIN keeps first on SQLite.

-- name: PendingRemindersOfProject :many
SELECT sqlc.embed(r), s.name AS service, u.name AS user_name,
    o.not_before AS old_not_before, CAST(COALESCE(n.not_before, 0) AS BIGINT) AS new_not_before, CAST(COALESCE(n.not_after, 0) AS BIGINT) AS new_not_after
FROM users u
CROSS JOIN renewals r
JOIN services s ON s.id = r.service_id
JOIN generations o ON o.user_id = r.user_id AND o.number = r.replaced
LEFT JOIN generations n ON n.user_id = r.user_id AND n.number = r.generation
WHERE u.project_id = $1 AND u.id > sqlc.arg(after) AND u.deleted_at IS NULL
  AND r.user_id = u.id AND r.acknowledged_at IS NULL AND r.closed_at IS NULL
ORDER BY u.id LIMIT $2;

-- name: PendingRemindersOfService :many
SELECT sqlc.embed(r), s.name AS service, u.name AS user_name,
    o.not_before AS old_not_before, CAST(COALESCE(n.not_before, 0) AS BIGINT) AS new_not_before, CAST(COALESCE(n.not_after, 0) AS BIGINT) AS new_not_after
FROM renewals r
JOIN users u ON u.id = r.user_id
JOIN services s ON s.id = r.service_id
JOIN generations o ON o.user_id = r.user_id AND o.number = r.replaced
LEFT JOIN generations n ON n.user_id = r.user_id AND n.number = r.generation
WHERE r.project_id = $1 AND r.service_id = sqlc.arg(service_id) AND r.user_id > sqlc.arg(after)
  AND r.acknowledged_at IS NULL AND r.closed_at IS NULL
ORDER BY r.user_id LIMIT $2;

-- The first ends are found in an index alone; a user has one renewal that is pending.
-- name: UrgentRenewals :many
SELECT sqlc.embed(r), s.name AS service, u.name AS user_name,
    o.not_before AS old_not_before, CAST(COALESCE(n.not_before, 0) AS BIGINT) AS new_not_before, CAST(COALESCE(n.not_after, 0) AS BIGINT) AS new_not_after
FROM (SELECT p.user_id FROM renewals p
    WHERE p.service_id = $1 AND p.acknowledged_at IS NULL AND p.closed_at IS NULL
      AND COALESCE(p.snoozed_until, 0) <= CAST(sqlc.arg(now) AS BIGINT)
    ORDER BY p.old_not_after, p.user_id LIMIT $2) AS urgent
CROSS JOIN renewals r
JOIN users u ON u.id = r.user_id
JOIN services s ON s.id = r.service_id
JOIN generations o ON o.user_id = r.user_id AND o.number = r.replaced
LEFT JOIN generations n ON n.user_id = r.user_id AND n.number = r.generation
WHERE r.user_id = urgent.user_id AND r.acknowledged_at IS NULL AND r.closed_at IS NULL
ORDER BY r.old_not_after, r.user_id;

-- name: PendingByService :many
SELECT s.id, s.name,
    COUNT(CASE WHEN r.old_not_after >= CAST(sqlc.arg(now) AS BIGINT)
        AND COALESCE(r.snoozed_until, 0) <= sqlc.arg(now) THEN 1 END) AS awaiting,
    COUNT(CASE WHEN r.old_not_after < sqlc.arg(now) THEN 1 END) AS lapsed,
    COUNT(CASE WHEN r.old_not_after >= sqlc.arg(now) AND r.snoozed_until > sqlc.arg(now) THEN 1 END) AS snoozed,
    CAST(COALESCE(MIN(CASE WHEN r.old_not_after >= sqlc.arg(now)
        AND COALESCE(r.snoozed_until, 0) <= sqlc.arg(now) THEN r.old_not_after END), 0) AS BIGINT) AS first_end
FROM services s CROSS JOIN renewals r
WHERE s.project_id = $1 AND s.deleted_at IS NULL
  AND r.service_id = s.id AND r.acknowledged_at IS NULL AND r.closed_at IS NULL
GROUP BY s.name, s.id;

-- name: RenewedByService :many
SELECT s.id, s.name, COUNT(CASE WHEN NOT r.waits THEN 1 END) AS renewed, COUNT(CASE WHEN r.waits THEN 1 END) AS waiting
FROM services s CROSS JOIN renewals r
WHERE s.project_id = $1 AND s.deleted_at IS NULL AND r.service_id = s.id AND r.created_at > CAST(sqlc.arg(since) AS BIGINT)
GROUP BY s.name, s.id;

-- name: DueProjects :many
SELECT due.project_id FROM (
    SELECT p.id AS project_id, p.news_at AS at FROM projects p WHERE p.news_at <= CAST(sqlc.arg(now) AS BIGINT)
    UNION ALL
    SELECT r.project_id, r.remind_at AS at FROM renewals r
    WHERE r.acknowledged_at IS NULL AND r.closed_at IS NULL AND r.remind_at <= CAST(sqlc.arg(now) AS BIGINT)) AS due
GROUP BY due.project_id ORDER BY MIN(due.at), due.project_id LIMIT $1;

-- News is noted by writing the row, earlier news open or not: then whoever notes
-- the digest waits for the news that it does not see yet, or leaves it open.
-- name: NoteNews :execrows
UPDATE projects SET news_at = CASE WHEN news_at <= CAST(sqlc.arg(at) AS BIGINT) THEN news_at ELSE CAST(sqlc.arg(at) AS BIGINT) END
WHERE id = $1;

-- name: PutOffNews :exec
UPDATE projects SET news_at = sqlc.arg(at) WHERE id = $1 AND news_at IS NOT NULL;

-- name: NoteDigest :execrows
UPDATE projects SET news_at = NULL, digest_at = sqlc.arg(at) WHERE id = $1;

-- name: Snooze :execrows
UPDATE renewals SET snoozed_until = sqlc.arg(until), snoozed_by = sqlc.arg(snoozed_by), snooze_reason = sqlc.arg(reason),
    remind_at = sqlc.arg(remind_at)
WHERE user_id = $1 AND generation = $2 AND acknowledged_at IS NULL AND closed_at IS NULL;

-- The state of each user as lifecycle.State has it, from what its row repeats.
-- name: Census :many
SELECT CAST(CASE
        WHEN u.deleted_at IS NOT NULL THEN 'deleted'
        WHEN u.not_after < CAST(sqlc.arg(now) AS BIGINT) THEN 'lapsed'
        WHEN u.old_not_after IS NULL THEN 'valid'
        WHEN NOT u.acknowledged AND u.old_not_after >= sqlc.arg(now) THEN 'expiring'
        WHEN NOT u.acknowledged THEN 'lapsed'
        WHEN u.old_not_after >= sqlc.arg(now) THEN 'acknowledged'
        ELSE 'valid' END AS TEXT) AS state,
    CAST(CASE WHEN u.not_after <= sqlc.arg(now) THEN 0 ELSE (u.not_after - sqlc.arg(now) + 86399999) / 86400000 END AS BIGINT) AS days,
    COUNT(*) AS n,
    COUNT(CASE WHEN u.deleted_at IS NULL AND u.old_not_after IS NOT NULL AND NOT u.acknowledged THEN 1 END) AS awaiting
FROM users u
GROUP BY 1, 2;

-- name: CountOpenFailures :one
SELECT COUNT(*) FROM failures WHERE closed_at IS NULL;

-- Lists, counts and calendars of users read one index alone, users_list or on
-- PostgreSQL users_name, and rows only of the page they show. The state of a user,
-- as lifecycle.State has it, comes from what its row repeats, in the order of
-- urgency: 0 lapsed, 1 expiring, 2 acknowledged, 3 valid. CROSS JOIN keeps the
-- services first on SQLite.

-- By urgency, by the end of the current pair, or by name.
-- name: FindUsers :many
SELECT page.standing, page.place, u.id, u.name, u.is_primary, u.created_at, u.generation, u.not_after, u.renew_at,
    g.serial, g.not_before, g.created_at AS pair_created_at, g.revoked_at, CAST(g.sealed_key IS NULL AS BOOLEAN) AS key_gone,
    r.replaced, r.created_at AS renewed_at, r.acknowledged_at, r.acknowledged_by, r.closed_at, r.snoozed_until, r.snooze_reason,
    o.not_before AS old_not_before, o.not_after AS old_not_after, o.revoked_at AS old_revoked_at
FROM (SELECT m.id, m.name, m.standing, m.place
    FROM (SELECT l.id, l.name, l.state,
            CAST(CASE WHEN CAST(sqlc.arg(by_urgency) AS BOOLEAN) THEN l.state ELSE 0 END AS INTEGER) AS standing,
            CAST(CASE WHEN CAST(sqlc.arg(by_end) AS BOOLEAN) THEN l.not_after
                WHEN NOT CAST(sqlc.arg(by_urgency) AS BOOLEAN) OR l.state = 3 THEN 0
                WHEN l.old_not_after IS NULL OR (l.acknowledged AND l.old_not_after < CAST(sqlc.arg(now) AS BIGINT)) THEN l.not_after
                ELSE l.old_not_after END AS BIGINT) AS place
        FROM (SELECT v.id, v.name, v.not_after, v.old_not_after, v.acknowledged, CASE
                WHEN v.not_after < CAST(sqlc.arg(now) AS BIGINT) THEN 0
                WHEN v.old_not_after IS NULL THEN 3
                WHEN NOT v.acknowledged AND v.old_not_after < sqlc.arg(now) THEN 0
                WHEN NOT v.acknowledged THEN 1
                WHEN v.old_not_after >= sqlc.arg(now) THEN 2
                ELSE 3 END AS state
            FROM users v
            WHERE v.service_id = sqlc.arg(service_id) AND v.deleted_at IS NULL
              AND (CAST(sqlc.arg(pattern) AS TEXT) = '' OR LOWER(v.name) LIKE CAST(sqlc.arg(pattern) AS TEXT) ESCAPE '\')) AS l
        WHERE CASE l.state WHEN 0 THEN CAST(sqlc.arg(lapsed) AS BOOLEAN) WHEN 1 THEN CAST(sqlc.arg(expiring) AS BOOLEAN)
            WHEN 2 THEN CAST(sqlc.arg(acknowledged) AS BOOLEAN) ELSE CAST(sqlc.arg(valid) AS BOOLEAN) END) AS m
    WHERE (m.standing, m.place, m.name) >
        (CAST(sqlc.arg(after_standing) AS INTEGER), CAST(sqlc.arg(after_place) AS BIGINT), CAST(sqlc.arg(after) AS TEXT))
    ORDER BY m.standing, m.place, m.name LIMIT $1) AS page
CROSS JOIN users u
JOIN generations g ON g.user_id = u.id AND g.number = u.generation
LEFT JOIN renewals r ON r.user_id = u.id AND r.generation = u.generation
LEFT JOIN generations o ON o.user_id = r.user_id AND o.number = r.replaced
WHERE u.id = page.id
ORDER BY page.standing, page.place, page.name;

-- name: CountStates :one
SELECT COUNT(*) AS total,
    COUNT(CASE WHEN l.state = 0 THEN 1 END) AS lapsed,
    COUNT(CASE WHEN l.state = 1 THEN 1 END) AS expiring,
    COUNT(CASE WHEN l.state = 2 THEN 1 END) AS acknowledged,
    CAST(COALESCE(MIN(CASE WHEN l.state = 1 THEN l.old_not_after END), 0) AS BIGINT) AS first_end
FROM (SELECT v.old_not_after, CASE
        WHEN v.not_after < CAST(sqlc.arg(now) AS BIGINT) THEN 0
        WHEN v.old_not_after IS NULL THEN 3
        WHEN NOT v.acknowledged AND v.old_not_after < sqlc.arg(now) THEN 0
        WHEN NOT v.acknowledged THEN 1
        WHEN v.old_not_after >= sqlc.arg(now) THEN 2
        ELSE 3 END AS state
    FROM services s CROSS JOIN users v
    WHERE s.project_id = $1 AND s.deleted_at IS NULL AND v.service_id = s.id AND v.deleted_at IS NULL
      AND (CAST(sqlc.arg(service_id) AS BIGINT) = 0 OR s.id = CAST(sqlc.arg(service_id) AS BIGINT))) AS l;

-- What lapsed ended before what is expiring will.
-- name: CountUrgentServices :many
SELECT l.service, COUNT(*) AS users,
    COUNT(CASE WHEN l.state = 0 THEN 1 END) AS lapsed,
    COUNT(CASE WHEN l.state = 1 THEN 1 END) AS expiring,
    CAST(COALESCE(MIN(CASE WHEN l.state = 1 THEN l.old_not_after END), 0) AS BIGINT) AS first_end
FROM (SELECT s.name AS service, v.not_after, v.old_not_after, v.acknowledged, CASE
        WHEN v.not_after < CAST(sqlc.arg(now) AS BIGINT) THEN 0
        WHEN v.old_not_after IS NULL THEN 3
        WHEN NOT v.acknowledged AND v.old_not_after < sqlc.arg(now) THEN 0
        WHEN NOT v.acknowledged THEN 1
        WHEN v.old_not_after >= sqlc.arg(now) THEN 2
        ELSE 3 END AS state
    FROM services s CROSS JOIN users v
    WHERE s.project_id = $1 AND s.deleted_at IS NULL AND v.service_id = s.id AND v.deleted_at IS NULL) AS l
GROUP BY l.service
HAVING COUNT(CASE WHEN l.state <= 1 THEN 1 END) > 0
ORDER BY MIN(CASE WHEN l.state <= 1 THEN CASE WHEN l.acknowledged OR l.old_not_after IS NULL THEN l.not_after ELSE l.old_not_after END END), l.service
LIMIT $2;

-- name: CountServicesPage :many
SELECT l.service, COUNT(l.state) AS users,
    COUNT(CASE WHEN l.state = 0 THEN 1 END) AS lapsed,
    COUNT(CASE WHEN l.state = 1 THEN 1 END) AS expiring,
    CAST(COALESCE(MIN(CASE WHEN l.state = 1 THEN l.old_not_after END), 0) AS BIGINT) AS first_end
FROM (SELECT page.name AS service, v.old_not_after, CASE
        WHEN v.id IS NULL THEN NULL
        WHEN v.not_after < CAST(sqlc.arg(now) AS BIGINT) THEN 0
        WHEN v.old_not_after IS NULL THEN 3
        WHEN NOT v.acknowledged AND v.old_not_after < sqlc.arg(now) THEN 0
        WHEN NOT v.acknowledged THEN 1
        WHEN v.old_not_after >= sqlc.arg(now) THEN 2
        ELSE 3 END AS state
    FROM (SELECT s.id, s.name FROM services s WHERE s.project_id = $1 AND s.deleted_at IS NULL AND s.name > sqlc.arg(after)
        ORDER BY s.name LIMIT $2) AS page
    LEFT JOIN users v ON v.service_id = page.id AND v.deleted_at IS NULL) AS l
GROUP BY l.service ORDER BY l.service;

-- name: TotalServices :one
SELECT COUNT(*) AS services, COUNT(CASE WHEN EXISTS (SELECT 1 FROM users v
    WHERE v.service_id = s.id AND v.deleted_at IS NULL
      AND (v.not_after < CAST(sqlc.arg(now) AS BIGINT) OR (v.old_not_after IS NOT NULL AND NOT v.acknowledged))) THEN 1 END) AS awaiting
FROM services s WHERE s.project_id = $1 AND s.deleted_at IS NULL;

-- name: CountOverdue :one
SELECT COUNT(*) FROM services s CROSS JOIN users v
WHERE s.project_id = $1 AND s.deleted_at IS NULL AND v.service_id = s.id AND v.deleted_at IS NULL
  AND v.renew_at <= CAST(sqlc.arg(now) AS BIGINT);

-- An old pair matters while it works, or while nobody acknowledged the new one.
-- Quarters of an hour fall on whole days and hours of every time zone.
-- name: CountDates :many
SELECT CAST(d.at / 900000 AS BIGINT) AS quarter, COUNT(CASE WHEN d.what = 0 THEN 1 END) AS ends, COUNT(CASE WHEN d.what = 1 THEN 1 END) AS renewals
FROM (SELECT v.not_after AS at, 0 AS what
    FROM services s CROSS JOIN users v
    WHERE s.project_id = $1 AND s.deleted_at IS NULL AND v.service_id = s.id AND v.deleted_at IS NULL
      AND (CAST(sqlc.arg(service_id) AS BIGINT) = 0 OR s.id = CAST(sqlc.arg(service_id) AS BIGINT))
      AND v.not_after >= CAST(sqlc.arg(from_at) AS BIGINT) AND v.not_after < CAST(sqlc.arg(to_at) AS BIGINT)
    UNION ALL
    SELECT CAST(v.old_not_after AS BIGINT) AS at, 0 AS what
    FROM services s CROSS JOIN users v
    WHERE s.project_id = $1 AND s.deleted_at IS NULL AND v.service_id = s.id AND v.deleted_at IS NULL
      AND (CAST(sqlc.arg(service_id) AS BIGINT) = 0 OR s.id = CAST(sqlc.arg(service_id) AS BIGINT))
      AND v.old_not_after >= CAST(sqlc.arg(from_at) AS BIGINT) AND v.old_not_after < CAST(sqlc.arg(to_at) AS BIGINT)
      AND (NOT v.acknowledged OR v.old_not_after >= CAST(sqlc.arg(now) AS BIGINT))
    UNION ALL
    SELECT v.renew_at AS at, 1 AS what
    FROM services s CROSS JOIN users v
    WHERE s.project_id = $1 AND s.deleted_at IS NULL AND v.service_id = s.id AND v.deleted_at IS NULL
      AND (CAST(sqlc.arg(service_id) AS BIGINT) = 0 OR s.id = CAST(sqlc.arg(service_id) AS BIGINT))
      AND v.renew_at >= CAST(sqlc.arg(from_at) AS BIGINT) AND v.renew_at < CAST(sqlc.arg(to_at) AS BIGINT)) AS d
GROUP BY 1 ORDER BY 1;

-- what: 0 the end of an old pair, 1 of a current one, 2 a renewal.
-- name: ListDates :many
SELECT d.at, d.what, d.id, d.service, d.name, d.not_after, d.old_not_after, d.acknowledged
FROM (SELECT CAST(v.old_not_after AS BIGINT) AS at, 0 AS what, v.id, s.name AS service, v.name, v.not_after, v.old_not_after, v.acknowledged
    FROM services s CROSS JOIN users v
    WHERE s.project_id = $1 AND s.deleted_at IS NULL AND v.service_id = s.id AND v.deleted_at IS NULL
      AND (CAST(sqlc.arg(service_id) AS BIGINT) = 0 OR s.id = CAST(sqlc.arg(service_id) AS BIGINT))
      AND v.old_not_after >= CAST(sqlc.arg(from_at) AS BIGINT) AND v.old_not_after < CAST(sqlc.arg(to_at) AS BIGINT)
      AND (NOT v.acknowledged OR v.old_not_after >= CAST(sqlc.arg(now) AS BIGINT))
    UNION ALL
    SELECT v.not_after AS at, 1 AS what, v.id, s.name AS service, v.name, v.not_after, v.old_not_after, v.acknowledged
    FROM services s CROSS JOIN users v
    WHERE s.project_id = $1 AND s.deleted_at IS NULL AND v.service_id = s.id AND v.deleted_at IS NULL
      AND (CAST(sqlc.arg(service_id) AS BIGINT) = 0 OR s.id = CAST(sqlc.arg(service_id) AS BIGINT))
      AND v.not_after >= CAST(sqlc.arg(from_at) AS BIGINT) AND v.not_after < CAST(sqlc.arg(to_at) AS BIGINT)
    UNION ALL
    SELECT v.renew_at AS at, 2 AS what, v.id, s.name AS service, v.name, v.not_after, v.old_not_after, v.acknowledged
    FROM services s CROSS JOIN users v
    WHERE s.project_id = $1 AND s.deleted_at IS NULL AND v.service_id = s.id AND v.deleted_at IS NULL
      AND (CAST(sqlc.arg(service_id) AS BIGINT) = 0 OR s.id = CAST(sqlc.arg(service_id) AS BIGINT))
      AND v.renew_at >= CAST(sqlc.arg(from_at) AS BIGINT) AND v.renew_at < CAST(sqlc.arg(to_at) AS BIGINT)) AS d
WHERE (d.at, d.what, d.id) > (CAST(sqlc.arg(after_at) AS BIGINT), CAST(sqlc.arg(after_what) AS INTEGER), CAST(sqlc.arg(after_id) AS BIGINT))
ORDER BY d.at, d.what, d.id LIMIT $2;

-- name: UserNames :one
SELECT s.name AS service, u.name FROM users u JOIN services s ON s.id = u.service_id WHERE u.id = $1;

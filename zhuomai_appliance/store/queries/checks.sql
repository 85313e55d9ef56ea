-- What `zhuomai check` looks at.

-- name: quick_check
PRAGMA quick_check(1)

-- name: newest_event
SELECT MAX(at) FROM (
    SELECT MAX(at) AS at FROM audit
    UNION ALL SELECT MAX(posted_at) FROM posting
    UNION ALL SELECT MAX(seen_at) FROM session
) AS events

-- name: usage_days
SELECT MIN(day), MAX(day) FROM usage

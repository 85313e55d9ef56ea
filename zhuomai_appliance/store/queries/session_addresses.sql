-- IPv6 addresses and prefixes of sessions, by their first and last address in 32 hexadecimal digits.

-- name: add_address
INSERT INTO session_address (project_id, session_id, kind, low, high, first_seen_at)
VALUES (:project_id, :session_id, :kind, :low, :high, :at)
ON CONFLICT (project_id, session_id, low, high) DO NOTHING

-- name: sessions_at
SELECT session_id FROM session_address WHERE project_id = :project_id AND low = :low AND high = :high
ORDER BY session_id DESC LIMIT :limit

-- name: addresses_of
SELECT session_id, low, high FROM session_address
WHERE project_id IN (:project_ids) AND session_id IN (:session_ids) ORDER BY session_id, first_seen_at, low, high

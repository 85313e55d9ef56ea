-- The interims behind usage rows.

-- name: insert_facts
INSERT INTO usage_fact (project_id, session_id, subscription_id, day, since, until, input_octets, output_octets, seconds)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8
FROM json_each(:rows)

-- name: insert_facts postgres
INSERT INTO usage_fact (project_id, session_id, subscription_id, day, since, until, input_octets, output_octets, seconds)
SELECT (value ->> 0)::bigint, (value ->> 1)::bigint, (value ->> 2)::bigint, (value ->> 3)::bigint,
       (value ->> 4)::bigint, (value ->> 5)::bigint, (value ->> 6)::bigint, (value ->> 7)::bigint, (value ->> 8)::bigint
FROM jsonb_array_elements(:rows::jsonb)

-- name: insert_fact
INSERT INTO usage_fact (project_id, session_id, subscription_id, day, since, until, input_octets, output_octets, seconds)
VALUES (:project_id, :session_id, :subscription_id, :day, :since, :until, :input_octets, :output_octets, :seconds)

-- name: facts_of
SELECT f.session_id, f.subscription_id, f.day, f.since, f.until, f.input_octets, f.output_octets, f.seconds
FROM usage u JOIN usage_fact f ON f.session_id = u.session_id AND f.subscription_id = u.subscription_id AND f.day = u.day
WHERE u.project_id = :project_id AND u.account_id = :account_id AND u.day >= :from_day AND u.day < :to_day
  AND (:subscription_id IS NULL OR u.subscription_id = :subscription_id)
  AND (:session_id IS NULL OR u.session_id = :session_id)
ORDER BY f.until, f.id LIMIT :limit

-- name: oldest
SELECT id, day FROM usage_fact ORDER BY id LIMIT 1

-- name: drop_old
DELETE FROM usage_fact WHERE id < :before_id AND day < :before_day

-- name: wrong_facts
SELECT u.session_id, u.subscription_id, u.day, u.input_octets, u.output_octets, u.seconds,
       CAST(COALESCE(SUM(f.input_octets), 0) AS BIGINT), CAST(COALESCE(SUM(f.output_octets), 0) AS BIGINT),
       CAST(COALESCE(SUM(f.seconds), 0) AS BIGINT)
FROM usage u JOIN usage_fact f ON f.session_id = u.session_id AND f.subscription_id = u.subscription_id AND f.day = u.day
GROUP BY u.session_id, u.subscription_id, u.day, u.input_octets, u.output_octets, u.seconds
HAVING SUM(f.input_octets) > u.input_octets OR SUM(f.output_octets) > u.output_octets OR SUM(f.seconds) > u.seconds

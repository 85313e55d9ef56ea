-- Sessions and their usage, many at a time: each statement serves a whole group of accounting reports.

-- name: newest_of_keys
SELECT s.id, s.project_id, s.nas_id, s.acct_session_id, s.account_id, s.username_raw, s.calling_station_raw,
       s.called_station_raw, s.mac, s.ip, s.ipv6, s.ssid, s.vlan, s.port_id, s.access_kind, s.started_at,
       s.updated_at, s.session_seconds, s.input_octets, s.output_octets, s.interim_seconds, s.stopped_at, s.cause,
       s.closed_by, s.start_lost, s.anomalies, s.class_token, s.plan_name, s.nas_address, e.chain
FROM json_each(:keys) k
JOIN session s ON s.id = (SELECT n.id FROM session n WHERE n.project_id = k.value ->> 0 AND n.nas_id = k.value ->> 1
       AND n.acct_session_id = k.value ->> 2 AND n.nas_address = k.value ->> 3 ORDER BY n.started_at DESC LIMIT 1)
LEFT JOIN entitlement e ON e.account_id = s.account_id

-- name: newest_of_keys postgres
SELECT s.id, s.project_id, s.nas_id, s.acct_session_id, s.account_id, s.username_raw, s.calling_station_raw,
       s.called_station_raw, s.mac, s.ip, s.ipv6, s.ssid, s.vlan, s.port_id, s.access_kind, s.started_at,
       s.updated_at, s.session_seconds, s.input_octets, s.output_octets, s.interim_seconds, s.stopped_at, s.cause,
       s.closed_by, s.start_lost, s.anomalies, s.class_token, s.plan_name, s.nas_address, e.chain
FROM jsonb_array_elements(:keys::jsonb) k
JOIN session s ON s.id = (SELECT n.id FROM session n WHERE n.project_id = (k.value ->> 0)::bigint
       AND n.nas_id = (k.value ->> 1)::bigint AND n.acct_session_id = k.value ->> 2 AND n.nas_address = k.value ->> 3
       ORDER BY n.started_at DESC LIMIT 1)
LEFT JOIN entitlement e ON e.account_id = s.account_id

-- name: grow_sessions
UPDATE session SET updated_at = n.value ->> 1, seen_at = n.value ->> 2, session_seconds = n.value ->> 3,
       input_octets = n.value ->> 4, output_octets = n.value ->> 5, anomalies = n.value ->> 6
FROM json_each(:rows) n WHERE session.id = n.value ->> 0

-- name: grow_sessions postgres
UPDATE session SET updated_at = (n.value ->> 1)::bigint, seen_at = (n.value ->> 2)::bigint,
       session_seconds = (n.value ->> 3)::bigint, input_octets = (n.value ->> 4)::bigint,
       output_octets = (n.value ->> 5)::bigint, anomalies = (n.value ->> 6)::bigint
FROM jsonb_array_elements(:rows::jsonb) n WHERE session.id = (n.value ->> 0)::bigint

-- name: change_sessions
UPDATE session SET updated_at = n.value ->> 1, seen_at = n.value ->> 2, session_seconds = n.value ->> 3,
       input_octets = n.value ->> 4, output_octets = n.value ->> 5, anomalies = n.value ->> 6,
       ip = n.value ->> 7, ipv6 = n.value ->> 8, stopped_at = n.value ->> 9, cause = n.value ->> 10,
       closed_by = n.value ->> 11
FROM json_each(:rows) n WHERE session.id = n.value ->> 0

-- name: change_sessions postgres
UPDATE session SET updated_at = (n.value ->> 1)::bigint, seen_at = (n.value ->> 2)::bigint,
       session_seconds = (n.value ->> 3)::bigint, input_octets = (n.value ->> 4)::bigint,
       output_octets = (n.value ->> 5)::bigint, anomalies = (n.value ->> 6)::bigint,
       ip = n.value ->> 7, ipv6 = n.value ->> 8, stopped_at = (n.value ->> 9)::bigint,
       cause = (n.value ->> 10)::bigint, closed_by = n.value ->> 11
FROM jsonb_array_elements(:rows::jsonb) n WHERE session.id = (n.value ->> 0)::bigint

-- name: grow_usages
INSERT INTO usage (project_id, account_id, session_id, subscription_id, day, input_octets, output_octets, seconds)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
FROM json_each(:rows) WHERE true
ON CONFLICT (session_id, subscription_id, day) DO UPDATE SET input_octets = usage.input_octets + excluded.input_octets,
       output_octets = usage.output_octets + excluded.output_octets, seconds = usage.seconds + excluded.seconds

-- name: grow_usages postgres
INSERT INTO usage (project_id, account_id, session_id, subscription_id, day, input_octets, output_octets, seconds)
SELECT (value ->> 0)::bigint, (value ->> 1)::bigint, (value ->> 2)::bigint, (value ->> 3)::bigint,
       (value ->> 4)::bigint, (value ->> 5)::bigint, (value ->> 6)::bigint, (value ->> 7)::bigint
FROM jsonb_array_elements(:rows::jsonb) WHERE true
ON CONFLICT (session_id, subscription_id, day) DO UPDATE SET input_octets = usage.input_octets + excluded.input_octets,
       output_octets = usage.output_octets + excluded.output_octets, seconds = usage.seconds + excluded.seconds

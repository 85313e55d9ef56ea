-- Sessions, their usage by day, and the clean-up of both.

-- name: newest_of_key
SELECT id, project_id, nas_id, acct_session_id, account_id, username_raw, calling_station_raw, called_station_raw,
       mac, ip, ipv6, ssid, vlan, port_id, access_kind, started_at, updated_at, session_seconds, input_octets,
       output_octets, interim_seconds, stopped_at, cause, closed_by, start_lost, anomalies, class_token, plan_name,
       nas_address, (SELECT chain FROM entitlement e WHERE e.account_id = session.account_id)
FROM session WHERE project_id = :project_id AND nas_id = :nas_id AND acct_session_id = :acct_session_id
  AND nas_address = :nas_address
ORDER BY started_at DESC LIMIT 1

-- name: of_key_at
SELECT id, project_id, nas_id, acct_session_id, account_id, username_raw, calling_station_raw, called_station_raw,
       mac, ip, ipv6, ssid, vlan, port_id, access_kind, started_at, updated_at, session_seconds, input_octets,
       output_octets, interim_seconds, stopped_at, cause, closed_by, start_lost, anomalies, class_token, plan_name,
       nas_address, seen_at
FROM session WHERE project_id = :project_id AND nas_id = :nas_id AND acct_session_id = :acct_session_id
  AND nas_address = :nas_address AND started_at <= :at
ORDER BY started_at DESC LIMIT 1

-- name: begun_between
SELECT id, project_id, nas_id, acct_session_id, account_id, username_raw, calling_station_raw, called_station_raw,
       mac, ip, ipv6, ssid, vlan, port_id, access_kind, started_at, updated_at, session_seconds, input_octets,
       output_octets, interim_seconds, stopped_at, cause, closed_by, start_lost, anomalies, class_token, plan_name,
       nas_address, seen_at
FROM session WHERE project_id = :project_id AND nas_id = :nas_id AND acct_session_id = :acct_session_id
  AND nas_address = :nas_address AND started_at >= :earliest AND started_at <= :latest
ORDER BY started_at DESC LIMIT 32

-- name: open_on_device
SELECT id, project_id, nas_id, acct_session_id, account_id, username_raw, calling_station_raw, called_station_raw,
       mac, ip, ipv6, ssid, vlan, port_id, access_kind, started_at, updated_at, session_seconds, input_octets,
       output_octets, interim_seconds, stopped_at, cause, closed_by, start_lost, anomalies, class_token, plan_name,
       nas_address, seen_at
FROM session WHERE nas_id = :nas_id AND mac = :mac AND stopped_at IS NULL AND acct_session_id <> :acct_session_id
  AND nas_address = :nas_address
ORDER BY updated_at DESC LIMIT 1

-- name: open_on_port
SELECT id, project_id, nas_id, acct_session_id, account_id, username_raw, calling_station_raw, called_station_raw,
       mac, ip, ipv6, ssid, vlan, port_id, access_kind, started_at, updated_at, session_seconds, input_octets,
       output_octets, interim_seconds, stopped_at, cause, closed_by, start_lost, anomalies, class_token, plan_name,
       nas_address, seen_at
FROM session WHERE nas_id = :nas_id AND username_raw = :username_raw AND mac IS NULL AND stopped_at IS NULL
  AND port_id = :port_id AND acct_session_id <> :acct_session_id AND nas_address = :nas_address
ORDER BY updated_at DESC LIMIT 1

-- name: move_to_device
UPDATE session SET nas_id = :nas_id, nas_address = :nas_address WHERE id = :id

-- name: by_id
SELECT id, project_id, nas_id, acct_session_id, account_id, username_raw, calling_station_raw, called_station_raw,
       mac, ip, ipv6, ssid, vlan, port_id, access_kind, started_at, updated_at, session_seconds, input_octets,
       output_octets, interim_seconds, stopped_at, cause, closed_by, start_lost, anomalies, class_token, plan_name,
       nas_address, seen_at
FROM session WHERE id = :id

-- name: open_at_address
SELECT id, project_id, nas_id, acct_session_id, account_id, username_raw, calling_station_raw, called_station_raw,
       mac, ip, ipv6, ssid, vlan, port_id, access_kind, started_at, updated_at, session_seconds, input_octets,
       output_octets, interim_seconds, stopped_at, cause, closed_by, start_lost, anomalies, class_token, plan_name,
       nas_address, seen_at
FROM session WHERE project_id = :project_id AND ip = :ip AND nas_id = :nas_id AND stopped_at IS NULL
ORDER BY started_at DESC LIMIT 1

-- name: open_sessions
SELECT id, project_id, nas_id, acct_session_id, account_id, username_raw, calling_station_raw, called_station_raw,
       mac, ip, ipv6, ssid, vlan, port_id, access_kind, started_at, updated_at, session_seconds, input_octets,
       output_octets, interim_seconds, stopped_at, cause, closed_by, start_lost, anomalies, class_token, plan_name,
       nas_address, seen_at
FROM session
WHERE stopped_at IS NULL AND (:account_id IS NULL OR account_id = :account_id)
  AND (:nas_id IS NULL OR nas_id = :nas_id) AND (:mac IS NULL OR mac = :mac)
ORDER BY id

-- name: slots_of_account
SELECT mac, nas_id, acct_session_id, seen_at, interim_seconds, ip, started_at FROM session
WHERE account_id = :account_id AND stopped_at IS NULL

-- name: insert_session
INSERT INTO session (project_id, nas_id, nas_address, acct_session_id, account_id, username_raw, calling_station_raw,
       called_station_raw, mac, ip, ipv6, ssid, vlan, port_id, access_kind, started_at, updated_at, seen_at,
       session_seconds, input_octets, output_octets, interim_seconds, stopped_at, cause, closed_by, start_lost,
       anomalies, class_token, plan_name)
VALUES (:project_id, :nas_id, :nas_address, :acct_session_id, :account_id, :username_raw, :calling_station_raw,
       :called_station_raw, :mac, :ip, :ipv6, :ssid, :vlan, :port_id, :access_kind, :started_at, :updated_at, :seen_at,
       :session_seconds, :input_octets, :output_octets, :interim_seconds, :stopped_at, :cause, :closed_by, :start_lost,
       :anomalies, :class_token, :plan_name)
ON CONFLICT (project_id, nas_id, acct_session_id, nas_address, started_at) DO NOTHING
RETURNING id

-- name: free_start
SELECT s.started_at - 1 FROM session s
WHERE s.project_id = :project_id AND s.nas_id = :nas_id AND s.acct_session_id = :acct_session_id
  AND s.nas_address = :nas_address AND s.started_at <= :started_at
  AND NOT EXISTS (SELECT 1 FROM session b WHERE b.project_id = s.project_id AND b.nas_id = s.nas_id
       AND b.acct_session_id = s.acct_session_id AND b.nas_address = s.nas_address
       AND b.started_at = s.started_at - 1)
ORDER BY s.started_at DESC LIMIT 1

-- name: update_totals
UPDATE session SET updated_at = :updated_at, seen_at = :seen_at, session_seconds = :session_seconds,
       input_octets = :input_octets, output_octets = :output_octets, anomalies = :anomalies
WHERE id = :id

-- name: update_addresses
UPDATE session SET ip = COALESCE(:ip, ip), ipv6 = COALESCE(:ipv6, ipv6) WHERE id = :id

-- name: close_session
UPDATE session SET updated_at = :updated_at, seen_at = :seen_at, session_seconds = :session_seconds,
       input_octets = :input_octets, output_octets = :output_octets, anomalies = :anomalies,
       ip = COALESCE(:ip, ip), ipv6 = COALESCE(:ipv6, ipv6),
       stopped_at = :stopped_at, cause = :cause, closed_by = :closed_by
WHERE id = :id

-- name: reopen_session
UPDATE session SET stopped_at = NULL, cause = NULL, closed_by = NULL WHERE id = :id

-- name: close_of_nas
UPDATE session SET stopped_at = updated_at, closed_by = 'nas_restart'
WHERE nas_id = :nas_id AND nas_address = :nas_address AND stopped_at IS NULL AND started_at <= :before
  AND updated_at <= :before

-- name: newest_start_of_nas
SELECT MAX(started_at) FROM session WHERE nas_id = :nas_id AND nas_address = :nas_address AND stopped_at IS NULL

-- name: silent_sessions
SELECT id, project_id, nas_id, nas_address, account_id, started_at, seen_at, interim_seconds,
       CASE WHEN session_seconds > 0 OR updated_at > started_at THEN 1 ELSE 0 END
FROM session WHERE nas_id = :nas_id AND nas_address = :nas_address AND stopped_at IS NULL AND seen_at <= :seen_before
ORDER BY seen_at, id LIMIT :limit

-- name: last_packet_of_nas
SELECT nas_id, MAX(seen_at) FROM session WHERE stopped_at IS NULL GROUP BY nas_id

-- name: open_devices
SELECT nas_id, nas_address, COUNT(*), MIN(seen_at), MAX(seen_at), MAX(interim_seconds),
       CAST(SUM(CASE WHEN session_seconds > 0 OR updated_at > started_at THEN 1 ELSE 0 END) AS BIGINT),
       CAST(COALESCE(SUM(CASE WHEN interim_seconds > 0 AND started_at + 2 * interim_seconds < :now
            AND (session_seconds > 0 OR updated_at > started_at) THEN 3600000 / interim_seconds ELSE 0 END), 0) AS BIGINT)
FROM session WHERE stopped_at IS NULL GROUP BY nas_id, nas_address ORDER BY nas_id, nas_address

-- name: close_stale
UPDATE session SET stopped_at = updated_at, closed_by = 'stale' WHERE id = :id AND stopped_at IS NULL
   AND seen_at <= :seen_before

-- name: set_interim
UPDATE session SET interim_seconds = :interim_seconds WHERE id = :id

-- name: uncovered_sessions
SELECT s.id FROM session s JOIN entitlement e ON e.account_id = s.account_id
WHERE s.stopped_at IS NULL AND e.covered_until > :since AND e.covered_until <= :now
ORDER BY s.id LIMIT :limit

-- name: grow_usage
UPDATE usage SET input_octets = input_octets + :input_octets, output_octets = output_octets + :output_octets,
       seconds = seconds + :seconds
WHERE session_id = :session_id AND subscription_id = :subscription_id AND day = :day

-- name: insert_usage
INSERT INTO usage (project_id, session_id, subscription_id, day, account_id, input_octets, output_octets, seconds)
VALUES (:project_id, :session_id, :subscription_id, :day, :account_id, :input_octets, :output_octets, :seconds)

-- name: usage_of_account
SELECT day, CAST(SUM(input_octets) AS BIGINT), CAST(SUM(output_octets) AS BIGINT), CAST(SUM(seconds) AS BIGINT)
FROM usage WHERE project_id = :project_id AND account_id = :account_id AND day >= :from_day
GROUP BY day ORDER BY day

-- name: months_of_finished
SELECT id, stopped_at FROM session WHERE stopped_at IS NOT NULL AND stopped_at < :before
ORDER BY stopped_at LIMIT :limit

-- name: copy_to_month
INSERT INTO session_{month} (id, project_id, nas_id, nas_address, acct_session_id, account_id, username_raw, calling_station_raw, called_station_raw,
       mac, ip, ipv6, ssid, vlan, port_id, access_kind, started_at, updated_at, seen_at, session_seconds, input_octets,
       output_octets, interim_seconds, stopped_at, cause, closed_by, start_lost, anomalies, class_token, plan_name)
SELECT id, project_id, nas_id, nas_address, acct_session_id, account_id, username_raw, calling_station_raw, called_station_raw,
       mac, ip, ipv6, ssid, vlan, port_id, access_kind, started_at, updated_at, seen_at, session_seconds, input_octets,
       output_octets, interim_seconds, stopped_at, cause, closed_by, start_lost, anomalies, class_token, plan_name
FROM session WHERE id = :id
ON CONFLICT (id) DO NOTHING

-- name: delete_moved
DELETE FROM session WHERE id = :id AND stopped_at IS NOT NULL

-- name: month_table
CREATE TABLE IF NOT EXISTS session_{month} (
    id {bigint} PRIMARY KEY,
    project_id {bigint} NOT NULL,
    nas_id {bigint} NOT NULL,
    nas_address TEXT NOT NULL,
    acct_session_id TEXT NOT NULL,
    account_id {bigint},
    username_raw TEXT NOT NULL,
    calling_station_raw TEXT NOT NULL,
    called_station_raw TEXT NOT NULL,
    mac TEXT,
    ip TEXT,
    ipv6 TEXT,
    ssid TEXT,
    vlan {bigint},
    port_id TEXT,
    access_kind TEXT NOT NULL,
    started_at {bigint} NOT NULL,
    updated_at {bigint} NOT NULL,
    seen_at {bigint} NOT NULL,
    session_seconds {bigint} NOT NULL,
    input_octets {bigint} NOT NULL,
    output_octets {bigint} NOT NULL,
    interim_seconds {bigint} NOT NULL,
    stopped_at {bigint},
    cause {bigint},
    closed_by TEXT,
    start_lost {bigint} NOT NULL,
    anomalies {bigint} NOT NULL,
    class_token {blob} NOT NULL,
    plan_name TEXT NOT NULL
) {strict};
CREATE INDEX IF NOT EXISTS session_{month}_account ON session_{month} (project_id, account_id, started_at);
CREATE INDEX IF NOT EXISTS session_{month}_ip ON session_{month} (project_id, ip, started_at);
CREATE INDEX IF NOT EXISTS session_{month}_key ON session_{month} (project_id, nas_id, acct_session_id, started_at)

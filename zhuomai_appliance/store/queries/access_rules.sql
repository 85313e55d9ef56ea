-- Access rules, their calendar, limits of places, and fixed devices.

-- name: rules
SELECT id, project_id, position, name, action, enabled, group_id, nas_id, rate_id, terms FROM access_rule
ORDER BY project_id, position, name

-- name: insert_rule
INSERT INTO access_rule (project_id, position, name, action, enabled, group_id, nas_id, rate_id, terms, created_at,
       created_by)
VALUES (:project_id, :position, :name, :action, :enabled, :group_id, :nas_id, :rate_id, :terms, :at, :created_by)
RETURNING id

-- name: update_rule
UPDATE access_rule SET position = :position, name = :name, action = :action, enabled = :enabled, group_id = :group_id,
       nas_id = :nas_id, rate_id = :rate_id, terms = :terms
WHERE project_id = :project_id AND id = :id

-- name: remove_rule
DELETE FROM access_rule WHERE project_id = :project_id AND id = :id

-- name: holidays
SELECT project_id, day, kind, name FROM holiday ORDER BY project_id, day

-- name: put_holiday
INSERT INTO holiday (project_id, day, kind, name) VALUES (:project_id, :day, :kind, :name)
ON CONFLICT (project_id, day) DO UPDATE SET kind = excluded.kind, name = excluded.name

-- name: remove_holiday
DELETE FROM holiday WHERE project_id = :project_id AND day = :day

-- name: place_limits
SELECT project_id, kind, value, maximum FROM place_limit ORDER BY project_id, kind, value

-- name: put_place_limit
INSERT INTO place_limit (project_id, kind, value, maximum) VALUES (:project_id, :kind, :value, :maximum)
ON CONFLICT (project_id, kind, value) DO UPDATE SET maximum = excluded.maximum

-- name: remove_place_limit
DELETE FROM place_limit WHERE project_id = :project_id AND kind = :kind AND value = :value

-- name: rename_nas_place
UPDATE place_limit SET value = :new_name WHERE project_id = :project_id AND kind = 'nas' AND value = :name

-- name: phone_index
SELECT phone_index FROM account WHERE id = :account_id

-- name: fix_device
INSERT INTO device_binding (project_id, account_id, mac, kind, login_kind, bound_at, silent_until, last_seen_at)
VALUES (:project_id, :account_id, :mac, 'fixed', '', :at, :silent_until, :at)
ON CONFLICT (project_id, account_id, mac) DO UPDATE SET kind = 'fixed', silent_until = excluded.silent_until

-- name: open_places
SELECT nas_id, acct_session_id, mac, ip, calling_station_raw, called_station_raw, ssid, seen_at, interim_seconds
FROM session WHERE stopped_at IS NULL AND project_id = :project_id

-- name: ruled_sessions
SELECT s.id, s.project_id, a.group_id, s.nas_id, s.access_kind, s.ssid, s.vlan, s.port_id, s.ip, s.mac, a.phone_index
FROM session s LEFT JOIN account a ON a.id = s.account_id
WHERE s.stopped_at IS NULL AND s.id > :after ORDER BY s.id LIMIT :limit

-- Projects, access devices, black and white lists.

-- name: projects
SELECT id, name, zone FROM project ORDER BY id

-- name: insert_project
INSERT INTO project (name, zone, created_at) VALUES (:name, :zone, :at) RETURNING id

-- name: rename_project
UPDATE project SET name = :name WHERE id = :id

-- name: has_books
SELECT EXISTS (SELECT 1 FROM posting WHERE project_id = :id)

-- name: set_zone
UPDATE project SET zone = :zone WHERE id = :id

-- name: all_nas
SELECT id, project_id, name, address, identifier, vendor, device_kind, secret_sealed, coa_port, portal_port,
       portal_version, portal_auth, portal_secret_sealed, user_networks, interim_seconds, traffic_unit, swap_direction,
       ipv6_counters, message_authenticator, quirks
FROM nas ORDER BY id

-- name: kinds
SELECT name, vendor, device_kind, quirks FROM nas ORDER BY id

-- name: insert_nas
INSERT INTO nas (project_id, name, address, identifier, vendor, device_kind, secret_sealed, coa_port, portal_port,
       portal_version, portal_auth, portal_secret_sealed, user_networks, interim_seconds, traffic_unit, swap_direction,
       ipv6_counters, message_authenticator, quirks)
VALUES (:project_id, :name, :address, :identifier, :vendor, :device_kind, :unsealed, :coa_port, :portal_port,
       :portal_version, :portal_auth, :unsealed, :user_networks, :interim_seconds, :traffic_unit, :swap_direction,
       :ipv6_counters, :message_authenticator, :quirks)
RETURNING id

-- name: update_nas
UPDATE nas SET name = :name, address = :address, identifier = :identifier, vendor = :vendor, device_kind = :device_kind,
       coa_port = :coa_port, portal_port = :portal_port, portal_version = :portal_version, portal_auth = :portal_auth,
       user_networks = :user_networks, interim_seconds = :interim_seconds, traffic_unit = :traffic_unit,
       swap_direction = :swap_direction, ipv6_counters = :ipv6_counters,
       message_authenticator = :message_authenticator, quirks = :quirks
WHERE id = :id AND project_id = :project_id

-- name: set_nas_secrets
UPDATE nas SET secret_sealed = :secret_sealed, portal_secret_sealed = :portal_secret_sealed WHERE id = :id

-- name: nas_id_of_address
SELECT id FROM nas WHERE address = :address

-- name: signers
SELECT nas_id, address FROM nas_signs

-- name: learn_signer
INSERT INTO nas_signs (project_id, nas_id, address, since) VALUES (:project_id, :nas_id, :address, :at)
ON CONFLICT (project_id, nas_id, address) DO NOTHING

-- name: forget_signers
DELETE FROM nas_signs WHERE nas_id = :nas_id

-- name: access_lists
SELECT project_id, kind, action, value, reason, expires_at, created_by FROM access_list ORDER BY project_id, kind, value

-- name: put_list_entry
INSERT INTO access_list (project_id, kind, action, value, reason, expires_at, created_at, created_by)
VALUES (:project_id, :kind, :action, :value, :reason, :expires_at, :at, :created_by)
ON CONFLICT (project_id, kind, value) DO UPDATE SET action = excluded.action, reason = excluded.reason,
       expires_at = excluded.expires_at

-- name: remove_list_entry
DELETE FROM access_list WHERE project_id = :project_id AND kind = :kind AND value = :value

-- name: remove_nas
DELETE FROM nas WHERE id = :nas_id

-- name: nas_in_sessions
SELECT 1 FROM session WHERE project_id = :project_id AND nas_id = :nas_id LIMIT 1

-- name: nas_in_months
SELECT 1 FROM session_all WHERE project_id = :project_id AND nas_id = :nas_id LIMIT 1

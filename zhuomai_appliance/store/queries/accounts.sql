-- Accounts, the names they log in with, their devices and their one-time portal secrets.

-- name: find_login
SELECT a.id, a.project_id, a.username, a.full_name, a.group_id, a.rate_id, a.created_at, a.first_login_at,
       a.locked_until, a.locked_reason, a.closed_at, a.secret_sealed, e.chain, r.up_bps, r.down_bps, r.burst
FROM identifier i
JOIN account a ON a.project_id = i.project_id AND a.id = i.account_id
LEFT JOIN entitlement e ON e.account_id = a.id
LEFT JOIN rate r ON r.project_id = a.project_id AND r.id = a.rate_id
WHERE i.project_id = :project_id AND i.value = :value

-- One statement for all that a login by name needs: a row for each bound device, at least one.
-- name: find_facts
SELECT a.id, a.project_id, a.username, a.full_name, a.group_id, a.rate_id, a.created_at, a.first_login_at,
       a.locked_until, a.locked_reason, a.closed_at, a.secret_sealed, e.chain, r.up_bps, r.down_bps, r.burst,
       EXISTS (SELECT 1 FROM session s WHERE s.account_id = a.id AND s.stopped_at IS NULL),
       EXISTS (SELECT 1 FROM portal_secret p WHERE p.account_id = a.id AND p.nas_id = :nas_id AND p.used_at IS NULL),
       b.mac, b.kind, b.bound_at, b.silent_until, b.last_seen_at,
       EXISTS (SELECT 1 FROM device_binding o WHERE o.project_id = b.project_id AND o.mac = b.mac
               AND o.account_id <> b.account_id AND o.last_seen_at >= b.last_seen_at)
FROM identifier i
JOIN account a ON a.project_id = i.project_id AND a.id = i.account_id
LEFT JOIN entitlement e ON e.account_id = a.id
LEFT JOIN rate r ON r.project_id = a.project_id AND r.id = a.rate_id
LEFT JOIN device_binding b ON b.project_id = a.project_id AND b.account_id = a.id
WHERE i.project_id = :project_id AND i.value = :value

-- name: login_by_id
SELECT a.id, a.project_id, a.username, a.full_name, a.group_id, a.rate_id, a.created_at, a.first_login_at,
       a.locked_until, a.locked_reason, a.closed_at, a.secret_sealed, e.chain, r.up_bps, r.down_bps, r.burst
FROM account a
LEFT JOIN entitlement e ON e.account_id = a.id
LEFT JOIN rate r ON r.project_id = a.project_id AND r.id = a.rate_id
WHERE a.id = :account_id

-- name: insert_account
INSERT INTO account (project_id, username, full_name, group_id, rate_id, created_at, created_by)
VALUES (:project_id, :username, :full_name, :group_id, :rate_id, :at, :created_by)
RETURNING id

-- name: update_account
UPDATE account SET full_name = :full_name, group_id = :group_id, rate_id = :rate_id WHERE id = :account_id

-- name: set_secret
UPDATE account SET secret_sealed = :secret_sealed, password_changed_at = :at WHERE id = :account_id

-- name: person_data
SELECT id_number_sealed, phone_sealed, email_sealed, address_sealed FROM account WHERE id = :account_id

-- name: set_person_data
UPDATE account SET id_number_sealed = :id_number_sealed, id_number_index = :id_number_index,
       phone_sealed = :phone_sealed, phone_index = :phone_index,
       email_sealed = :email_sealed, email_index = :email_index, address_sealed = :address_sealed
WHERE id = :account_id

-- name: set_lock
UPDATE account SET locked_until = :locked_until, locked_reason = :locked_reason WHERE id = :account_id

-- name: set_first_login
UPDATE account SET first_login_at = :at WHERE id = :account_id AND first_login_at IS NULL

-- name: add_identifier
INSERT INTO identifier (project_id, value, account_id, kind) VALUES (:project_id, :value, :account_id, :kind)
ON CONFLICT (project_id, value) DO NOTHING

-- name: drop_identifiers
DELETE FROM identifier WHERE project_id = :project_id AND account_id = :account_id AND kind = :kind
   AND value <> :but

-- name: identifiers_of
SELECT value, kind FROM identifier WHERE project_id = :project_id AND account_id = :account_id ORDER BY value

-- name: owner_of_identifier
SELECT account_id FROM identifier WHERE project_id = :project_id AND value = :value

-- name: entitlement_of
SELECT chain FROM entitlement WHERE account_id = :account_id

-- name: put_used_entitlements
UPDATE entitlement SET chain = n.value ->> 2
FROM json_each(:rows) n
WHERE entitlement.account_id = n.value ->> 0 AND entitlement.covered_until IS n.value ->> 3
  AND entitlement.next_change_at IS n.value ->> 4

-- name: put_used_entitlements postgres
UPDATE entitlement SET chain = n.value ->> 2
FROM jsonb_array_elements(:rows::jsonb) n
WHERE entitlement.account_id = (n.value ->> 0)::bigint
  AND entitlement.covered_until IS NOT DISTINCT FROM (n.value ->> 3)::bigint
  AND entitlement.next_change_at IS NOT DISTINCT FROM (n.value ->> 4)::bigint

-- name: put_entitlements
INSERT INTO entitlement (account_id, project_id, chain, covered_until, next_change_at)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(:rows) WHERE true
ON CONFLICT (account_id) DO UPDATE SET chain = excluded.chain, covered_until = excluded.covered_until,
       next_change_at = excluded.next_change_at

-- name: put_entitlements postgres
INSERT INTO entitlement (account_id, project_id, chain, covered_until, next_change_at)
SELECT (value ->> 0)::bigint, (value ->> 1)::bigint, value ->> 2, (value ->> 3)::bigint, (value ->> 4)::bigint
FROM jsonb_array_elements(:rows::jsonb) WHERE true
ON CONFLICT (account_id) DO UPDATE SET chain = excluded.chain, covered_until = excluded.covered_until,
       next_change_at = excluded.next_change_at

-- name: entitlements_due
SELECT account_id, project_id, chain FROM entitlement
WHERE next_change_at <= :now ORDER BY next_change_at LIMIT :limit

-- name: bindings_of
SELECT mac, kind, bound_at, silent_until, last_seen_at FROM device_binding
WHERE project_id = :project_id AND account_id = :account_id ORDER BY last_seen_at DESC

-- name: owner_of_device
SELECT b.account_id, b.mac, b.kind, b.bound_at, b.silent_until, b.last_seen_at FROM device_binding b
WHERE b.project_id = :project_id AND b.mac = :mac ORDER BY b.last_seen_at DESC

-- name: bind_device
INSERT INTO device_binding (project_id, account_id, mac, kind, login_kind, bound_at, silent_until, last_seen_at)
VALUES (:project_id, :account_id, :mac, :kind, :login_kind, :at, :silent_until, :at)
ON CONFLICT (project_id, account_id, mac) DO UPDATE SET
       silent_until = COALESCE(excluded.silent_until, device_binding.silent_until),
       last_seen_at = excluded.last_seen_at

-- name: unbind_device
DELETE FROM device_binding WHERE project_id = :project_id AND account_id = :account_id AND mac = :mac

-- name: add_portal_secret
INSERT INTO portal_secret (project_id, account_id, nas_id, user_ip, mac, secret_sealed, secret_digest, created_at,
                           expires_at)
VALUES (:project_id, :account_id, :nas_id, :user_ip, :mac, :secret_sealed, :secret_digest, :at, :expires_at)
RETURNING id

-- name: live_portal_secrets
SELECT id, user_ip, mac, secret_sealed, secret_digest FROM portal_secret
WHERE account_id = :account_id AND nas_id = :nas_id AND used_at IS NULL AND expires_at > :now

-- name: use_portal_secret
UPDATE portal_secret SET used_at = :at WHERE id = :id AND used_at IS NULL AND expires_at > :at

-- name: drop_portal_secrets
DELETE FROM portal_secret WHERE expires_at < :before

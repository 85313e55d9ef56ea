-- Attempts by month, the outbox, the audit chain.

-- name: insert_attempts
INSERT INTO attempt_{month} (project_id, at, account_id, username_raw, mac, ip, nas_id, ssid, vlan, port_id, access_kind,
       proof_kind, accepted, reason, detail, lookup_code, acct_session_id)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
       value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, value ->> 14,
       value ->> 15, value ->> 16
FROM json_each(:rows)

-- name: insert_attempts postgres
INSERT INTO attempt_{month} (project_id, at, account_id, username_raw, mac, ip, nas_id, ssid, vlan, port_id, access_kind,
       proof_kind, accepted, reason, detail, lookup_code, acct_session_id)
SELECT (value ->> 0)::bigint, (value ->> 1)::bigint, (value ->> 2)::bigint, value ->> 3, value ->> 4,
       value ->> 5, (value ->> 6)::bigint, value ->> 7, (value ->> 8)::bigint, value ->> 9, value ->> 10, value ->> 11,
       (value ->> 12)::bigint, value ->> 13, value ->> 14, value ->> 15, value ->> 16
FROM jsonb_array_elements(:rows::jsonb)

-- name: month_table
CREATE TABLE IF NOT EXISTS attempt_{month} (
    id {pk},
    project_id {bigint} NOT NULL,
    at {bigint} NOT NULL,
    account_id {bigint},
    username_raw TEXT NOT NULL,
    mac TEXT,
    ip TEXT,
    nas_id {bigint} NOT NULL,
    ssid TEXT,
    vlan {bigint},
    port_id TEXT,
    access_kind TEXT NOT NULL,
    proof_kind TEXT NOT NULL,
    accepted {bigint} NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    lookup_code TEXT NOT NULL,
    acct_session_id TEXT
) {strict};
CREATE INDEX IF NOT EXISTS attempt_{month}_account ON attempt_{month} (project_id, account_id, at);
CREATE INDEX IF NOT EXISTS attempt_{month}_code ON attempt_{month} (lookup_code);
CREATE INDEX IF NOT EXISTS attempt_{month}_at ON attempt_{month} (project_id, at)

-- name: last_hash
SELECT hash FROM audit ORDER BY id DESC LIMIT 1

-- name: insert_audit
INSERT INTO audit (project_id, at, actor, address, action, object_kind, object_id, before, after, result, previous_hash,
       hash)
VALUES (:project_id, :at, :actor, :address, :action, :object_kind, :object_id, :before, :after, :result, :previous_hash,
       :hash)
RETURNING id

-- name: audit_chain
SELECT id, project_id, at, actor, address, action, object_kind, object_id, before, after, result, previous_hash, hash
FROM audit WHERE id > :after ORDER BY id LIMIT :limit

-- name: insert_outbox
INSERT INTO outbox (project_id, key, kind, payload, due_at, tries, state, result, created_at, nas_id)
VALUES (:project_id, :key, :kind, :payload, :due_at, 0, 'waiting', '', :at,
       CASE WHEN :session_id IS NULL THEN NULL
       ELSE COALESCE((SELECT s.nas_id FROM session s WHERE s.id = :session_id), 0) END)
ON CONFLICT (key) DO NOTHING

-- name: rearm_outbox
UPDATE outbox SET state = 'waiting', payload = :payload, due_at = :due_at, tries = 0, result = '', done_at = NULL,
       revision = revision + 1
WHERE key = :key AND (state <> 'waiting' OR :over = 1)

-- name: change_sessions
INSERT INTO outbox (project_id, key, kind, payload, due_at, tries, state, result, created_at, nas_id)
SELECT s.project_id, CAST(:kind AS TEXT) || ':' || s.id, :kind, CAST(:payload AS TEXT) || s.id || '}', :due_at, 0, 'waiting', '', :at, s.nas_id
FROM session s JOIN account a ON a.id = s.account_id
WHERE s.stopped_at IS NULL AND s.project_id = :project_id
  AND (:everybody = 1 OR a.group_id = :group_id OR a.rate_id = :rate_id)
ON CONFLICT (key) DO UPDATE SET state = 'waiting', payload = excluded.payload, due_at = excluded.due_at, tries = 0,
       result = '', done_at = NULL, revision = outbox.revision + 1
WHERE outbox.state <> 'waiting' OR :over = 1

-- name: outbox_devices
SELECT nas_id, MIN(id) FROM outbox WHERE state = 'waiting' AND nas_id IS NOT NULL AND due_at <= :now
GROUP BY nas_id ORDER BY 2

-- name: outbox_due
SELECT id, project_id, key, kind, payload, due_at, tries, revision FROM outbox
WHERE state = 'waiting' AND nas_id = :nas_id AND due_at <= :now ORDER BY due_at, id LIMIT :limit

-- name: outbox_waiting
SELECT id, project_id, key, kind, payload, due_at, tries, revision FROM outbox
WHERE state = 'waiting' AND kind = :kind ORDER BY id

-- name: outbox_next
SELECT MIN(due_at) FROM outbox WHERE state = 'waiting'

-- name: finish_outbox
UPDATE outbox SET state = :state, result = :result, tries = tries + 1, done_at = :at
WHERE id = :id AND revision = :revision

-- name: end_outbox
UPDATE outbox SET state = :state, result = :result, tries = tries + 1, done_at = :at
WHERE key = :key AND state = 'waiting'

-- name: forget_outbox
DELETE FROM outbox WHERE id = :id AND revision = :revision

-- name: postpone_outbox
UPDATE outbox SET due_at = :due_at, tries = tries + 1, result = :result
WHERE id = :id AND revision = :revision

-- name: outbox_by_key
SELECT state, result, tries FROM outbox WHERE key = :key

-- name: drop_old_effects
DELETE FROM outbox WHERE state <> 'waiting' AND done_at < :before

-- name: drop_old_answers
DELETE FROM idempotency WHERE created_at < :before

-- name: get_idempotent
SELECT request_digest, response FROM idempotency WHERE project_id = :project_id AND key = :key

-- name: put_idempotent
INSERT INTO idempotency (project_id, key, request_digest, response, created_at)
VALUES (:project_id, :key, :request_digest, :response, :at)

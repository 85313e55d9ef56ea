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
INSERT INTO outbox (project_id, key, kind, payload, due_at, tries, state, result, created_at)
VALUES (:project_id, :key, :kind, :payload, :due_at, 0, 'waiting', '', :at)
ON CONFLICT (key) DO NOTHING

-- name: rearm_outbox
UPDATE outbox SET state = 'waiting', payload = :payload, due_at = :due_at, tries = 0, result = '', done_at = NULL
WHERE key = :key AND state <> 'waiting'

-- name: outbox_due
SELECT id, project_id, key, kind, payload, due_at, tries FROM outbox
WHERE state = 'waiting' AND due_at <= :now ORDER BY due_at, id LIMIT :limit

-- name: outbox_next
SELECT MIN(due_at) FROM outbox WHERE state = 'waiting'

-- name: finish_outbox
UPDATE outbox SET state = :state, result = :result, tries = tries + 1, done_at = :at WHERE id = :id

-- name: postpone_outbox
UPDATE outbox SET due_at = :due_at, tries = tries + 1, result = :result WHERE id = :id

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

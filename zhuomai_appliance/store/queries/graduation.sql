-- Batches of people who leave.

-- name: insert_batch
INSERT INTO graduation (project_id, name, cut_off_at, access_version_id, stay_group_id, state, created_at, created_by, approved_at,
       approved_by)
VALUES (:project_id, :name, :cut_off_at, :access_version_id, :stay_group_id, 'preparing', :at, :created_by, NULL, '')
RETURNING id

-- name: batches
SELECT id, project_id, name, cut_off_at, access_version_id, stay_group_id, state, created_at, created_by, approved_at, approved_by
FROM graduation
WHERE project_id IN (:project_ids)
  AND id = :id -- if id
  AND name = :name -- if name
  AND id > :after -- if after
  AND id < :before -- if before
ORDER BY
  id DESC, -- if newest_first
  id
LIMIT :limit OFFSET :offset

-- name: set_state
UPDATE graduation SET state = :state, approved_at = :approved_at, approved_by = :approved_by
WHERE project_id = :project_id AND id = :id AND state = :before

-- name: put_row
INSERT INTO graduation_row (project_id, batch_id, account_id, wallet_fen, unused_fen, packs_fen, debt_fen, settlements, bank_sealed,
       state, failure, refund_id, done_at)
VALUES (:project_id, :batch_id, :account_id, :wallet_fen, :unused_fen, :packs_fen, :debt_fen, :settlements, NULL,
       'stated', '', NULL, NULL)
ON CONFLICT (project_id, batch_id, account_id) DO NOTHING

-- name: set_bank
UPDATE graduation_row SET bank_sealed = :bank_sealed
WHERE project_id = :project_id AND batch_id = :batch_id AND account_id = :account_id AND state <> 'done'

-- name: bank
SELECT bank_sealed FROM graduation_row WHERE project_id = :project_id AND batch_id = :batch_id AND account_id = :account_id

-- name: finish_row
UPDATE graduation_row SET state = :state, failure = :failure, refund_id = :refund_id, done_at = :at
WHERE project_id = :project_id AND batch_id = :batch_id AND account_id = :account_id AND state <> 'done'

-- name: rows
SELECT project_id, batch_id, account_id, wallet_fen, unused_fen, packs_fen, debt_fen, settlements, state, failure, refund_id, done_at,
       CASE WHEN bank_sealed IS NULL THEN 0 ELSE 1 END
FROM graduation_row
WHERE project_id IN (:project_ids)
  AND batch_id = :batch_id -- if batch_id
  AND account_id = :account_id -- if account_id
  AND state = :state -- if state
  AND state <> 'done' -- if is_open
  AND account_id > :after -- if after
  AND account_id < :before -- if before
ORDER BY
  account_id DESC, -- if newest_first
  account_id
LIMIT :limit OFFSET :offset

-- name: sums
SELECT state, COUNT(*), CAST(SUM(wallet_fen) AS BIGINT), CAST(SUM(unused_fen) AS BIGINT), CAST(SUM(packs_fen) AS BIGINT),
       CAST(SUM(debt_fen) AS BIGINT),
       CAST(SUM(CASE WHEN wallet_fen + unused_fen + packs_fen > debt_fen THEN wallet_fen + unused_fen + packs_fen - debt_fen ELSE 0 END) AS BIGINT)
FROM graduation_row WHERE project_id = :project_id AND batch_id = :batch_id GROUP BY state ORDER BY state

-- name: members
SELECT a.id FROM account a
WHERE a.project_id = :project_id AND a.closed_at IS NULL AND a.id > :after
  AND a.group_id IN (SELECT CAST(n.value AS BIGINT) FROM json_each(:groups) n)
ORDER BY a.id LIMIT :limit

-- name: members postgres
SELECT a.id FROM account a
WHERE a.project_id = :project_id AND a.closed_at IS NULL AND a.id > :after
  AND a.group_id IN (SELECT (n.value #>> '{}')::bigint FROM jsonb_array_elements(:groups::jsonb) n)
ORDER BY a.id LIMIT :limit

-- name: wrong_rows
SELECT g.batch_id, g.account_id, g.refund_id, g.wallet_fen + g.unused_fen + g.packs_fen - g.debt_fen AS total_fen, r.amount_fen
FROM graduation_row g LEFT JOIN refund r ON r.project_id = g.project_id AND r.id = g.refund_id
WHERE g.refund_id IS NOT NULL AND (r.id IS NULL OR r.amount_fen <> g.wallet_fen + g.unused_fen + g.packs_fen - g.debt_fen
      OR r.account_id <> g.account_id)
ORDER BY g.batch_id, g.account_id

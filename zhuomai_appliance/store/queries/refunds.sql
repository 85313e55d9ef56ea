-- Refunds and the states they came into.

-- name: insert_refund
INSERT INTO refund (project_id, account_id, payee_id, subscription_id, order_no, destination, amount_fen, forfeited_fen, formula,
       state, is_held, reason, bank_sealed, batch_id, list_no, requested_by, requested_at, decided_by, decided_at, finished_at,
       failure)
VALUES (:project_id, :account_id, :payee_id, :subscription_id, :order_no, :destination, :amount_fen, :forfeited_fen, :formula,
       'requested', 0, :reason, NULL, :batch_id, NULL, :requested_by, :at, '', NULL, NULL, '')
RETURNING id

-- name: set_bank
UPDATE refund SET bank_sealed = :bank_sealed WHERE project_id = :project_id AND id = :id

-- name: bank
SELECT bank_sealed FROM refund WHERE project_id = :project_id AND id = :id

-- name: move_refund
UPDATE refund SET state = :state, is_held = :is_held, amount_fen = :amount_fen, forfeited_fen = :forfeited_fen,
       formula = :formula, decided_by = :decided_by, decided_at = :decided_at, finished_at = :finished_at, failure = :failure,
       list_no = :list_no
WHERE project_id = :project_id AND id = :id AND state = :before

-- name: insert_step
INSERT INTO refund_step (project_id, refund_id, step_no, state, at, operator, memo)
SELECT :project_id, :refund_id, COALESCE(MAX(step_no), 0) + 1, :state, :at, :operator, :memo
FROM refund_step WHERE project_id = :project_id AND refund_id = :refund_id

-- name: steps
SELECT state, at, operator, memo FROM refund_step WHERE project_id = :project_id AND refund_id = :refund_id ORDER BY step_no

-- name: refunds
SELECT id, project_id, account_id, payee_id, subscription_id, order_no, destination, amount_fen, forfeited_fen, formula, state,
       is_held, reason, CASE WHEN bank_sealed IS NULL THEN 0 ELSE 1 END, batch_id, list_no, requested_by, requested_at,
       decided_by, decided_at, finished_at, failure, (SELECT a.username FROM account a WHERE a.id = refund.account_id)
FROM refund
WHERE project_id IN (:project_ids)
  AND id = :id -- if id
  AND account_id = :account_id -- if account_id
  AND subscription_id = :subscription_id -- if subscription_id
  AND state = :state -- if state
  AND destination = :destination -- if destination
  AND batch_id = :batch_id -- if batch_id
  AND list_no = :list_no -- if list_no
  AND requested_at >= :from_at -- if from_at
  AND requested_at < :to_at -- if to_at
  AND id > :after -- if after
  AND id < :before -- if before
ORDER BY
  id DESC, -- if newest_first
  id
LIMIT :limit OFFSET :offset

-- name: next_list_no
SELECT COALESCE(MAX(list_no), 0) + 1 FROM refund WHERE project_id = :project_id

-- name: put_on_list
UPDATE refund SET list_no = :list_no
WHERE project_id = :project_id AND state = 'approved' AND destination = 'bank' AND list_no IS NULL

-- name: refunds_counted
SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN state = 'paid' THEN amount_fen ELSE 0 END), 0) AS BIGINT) FROM refund

-- name: wrong_holds
SELECT r.id, r.amount_fen, COALESCE((SELECT -l.balance_fen FROM ledger_balance l WHERE l.project_id = r.project_id
       AND l.ledger_account = 'clearing:refund:' || r.id), 0) AS held_fen, r.is_held
FROM refund r
WHERE (CASE WHEN r.is_held = 1 THEN r.amount_fen ELSE 0 END)
   <> COALESCE((SELECT -l.balance_fen FROM ledger_balance l WHERE l.project_id = r.project_id
       AND l.ledger_account = 'clearing:refund:' || r.id), 0)
ORDER BY r.id

-- name: stray_holds
SELECT l.project_id, l.ledger_account, l.balance_fen FROM ledger_balance l
WHERE l.ledger_account LIKE 'clearing:refund:%' AND l.balance_fen <> 0
  AND NOT EXISTS (SELECT 1 FROM refund r WHERE r.project_id = l.project_id AND l.ledger_account = 'clearing:refund:' || r.id)
ORDER BY l.project_id, l.ledger_account

-- name: wrong_states
SELECT r.id, r.state, (SELECT s.state FROM refund_step s WHERE s.project_id = r.project_id AND s.refund_id = r.id
       ORDER BY s.step_no DESC LIMIT 1) AS last_step
FROM refund r
WHERE r.state <> COALESCE((SELECT s.state FROM refund_step s WHERE s.project_id = r.project_id AND s.refund_id = r.id
       ORDER BY s.step_no DESC LIMIT 1), '')
ORDER BY r.id

-- name: unpaid
SELECT r.id, r.state, r.amount_fen, CAST(COALESCE((SELECT SUM(l.amount_fen) FROM posting p JOIN posting_line l ON l.posting_id = p.id
       WHERE p.project_id = r.project_id AND p.effect LIKE 'refund:' || r.id || ':out%'
         AND l.ledger_account = 'wallet:' || r.payee_id), 0) AS BIGINT) AS out_fen
FROM refund r WHERE r.state = 'paid' AND r.destination <> 'wallet' ORDER BY r.id

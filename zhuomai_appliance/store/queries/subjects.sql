-- Subjects, and expenses under them.

-- name: put_subject
INSERT INTO subject (project_id, code, name, parent, kind, disabled)
VALUES (:project_id, :code, :name, :parent, :kind, :disabled)
ON CONFLICT (project_id, code) DO UPDATE SET name = excluded.name, parent = excluded.parent, disabled = excluded.disabled

-- name: note_subject
INSERT INTO subject (project_id, code, name, parent, kind, disabled)
VALUES (:project_id, :code, :code, NULL, 'income', 0)
ON CONFLICT (project_id, code) DO NOTHING

-- name: subjects
SELECT project_id, code, name, parent, kind, disabled FROM subject WHERE project_id = :project_id ORDER BY code

-- name: add_expense
INSERT INTO expense (project_id, subject, amount_fen, source, voucher_no, memo, state, requested_by, requested_at, decided_by)
VALUES (:project_id, :subject, :amount_fen, :source, :voucher_no, :memo, 'requested', :requested_by, :at, '')
RETURNING id

-- name: move_expense
UPDATE expense SET state = :state, decided_by = :decided_by, decided_at = :decided_at, posting_id = :posting_id
WHERE project_id = :project_id AND id = :id AND state = :before

-- name: expenses
SELECT id, project_id, subject, amount_fen, source, voucher_no, memo, state, requested_by, requested_at, decided_by, decided_at,
       posting_id
FROM expense
WHERE project_id IN (:project_ids)
  AND id = :id -- if id
  AND posting_id = :posting_id -- if posting_id
  AND subject = :subject -- if subject
  AND state = :state -- if state
  AND requested_at >= :from_at -- if from_at
  AND requested_at < :to_at -- if to_at
  AND id > :after -- if after
  AND id < :before -- if before
ORDER BY
  id DESC, -- if newest_first
  id
LIMIT :limit OFFSET :offset

-- name: counted
SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN state = 'posted' THEN amount_fen ELSE 0 END), 0) AS BIGINT) FROM expense

-- name: wrong_expenses
SELECT project_id, subject, CAST(SUM(kept) AS BIGINT), CAST(SUM(posted) AS BIGINT) FROM (
    SELECT project_id, subject, amount_fen AS kept, 0 AS posted FROM expense WHERE state = 'posted'
    UNION ALL
    SELECT project_id, substr(ledger_account, 9), 0, balance_fen FROM ledger_balance WHERE ledger_account LIKE 'expense:%'
) AS both_sides
GROUP BY project_id, subject HAVING SUM(kept) <> SUM(posted) ORDER BY project_id, subject

-- name: stray_charges
SELECT o.order_no, n.subject FROM orders o JOIN order_line n ON n.project_id = o.project_id AND n.order_no = o.order_no
WHERE o.kind = 'manual' AND NOT EXISTS (
    SELECT 1 FROM subject s WHERE s.project_id = n.project_id AND s.code = n.subject AND s.kind = 'income')
ORDER BY o.order_no

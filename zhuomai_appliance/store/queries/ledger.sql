-- Postings, their lines and the balances summed from them.

-- name: insert_posting
INSERT INTO posting (project_id, kind, effect, order_no, operator, posted_at, reversal_of, memo)
VALUES (:project_id, :kind, :effect, :order_no, :operator, :at, :reversal_of, :memo)
ON CONFLICT (project_id, effect) DO NOTHING
RETURNING id

-- name: posting_by_effect
SELECT id FROM posting WHERE project_id = :project_id AND effect = :effect

-- name: insert_line
INSERT INTO posting_line (project_id, posting_id, ledger_account, amount_fen)
VALUES (:project_id, :posting_id, :ledger_account, :amount_fen)

-- name: move_balance
INSERT INTO ledger_balance (project_id, ledger_account, balance_fen)
VALUES (:project_id, :ledger_account, :amount_fen)
ON CONFLICT (project_id, ledger_account) DO UPDATE SET balance_fen = ledger_balance.balance_fen + excluded.balance_fen

-- name: lines_of
SELECT ledger_account, amount_fen FROM posting_line WHERE posting_id = :posting_id ORDER BY id

-- name: balance
SELECT balance_fen FROM ledger_balance WHERE project_id = :project_id AND ledger_account = :ledger_account

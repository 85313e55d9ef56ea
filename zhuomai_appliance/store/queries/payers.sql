-- Departments that pay for members, and credit.

-- name: put_department
INSERT INTO department (project_id, payer_id, group_id, limit_fen, by_month, disabled, created_at)
VALUES (:project_id, :payer_id, :group_id, :limit_fen, :by_month, :disabled, :at)
ON CONFLICT (project_id, payer_id) DO UPDATE SET group_id = excluded.group_id, limit_fen = excluded.limit_fen,
    by_month = excluded.by_month, disabled = excluded.disabled

-- name: department
SELECT project_id, payer_id, group_id, limit_fen, by_month, disabled, created_at
FROM department WHERE project_id = :project_id AND payer_id = :payer_id

-- name: departments
SELECT project_id, payer_id, group_id, limit_fen, by_month, disabled, created_at
FROM department
WHERE project_id IN (:project_ids)
  AND payer_id = :payer_id -- if payer_id
  AND payer_id > :after -- if after
  AND payer_id < :before -- if before
ORDER BY
  payer_id DESC, -- if newest_first
  payer_id
LIMIT :limit OFFSET :offset

-- name: departments_of_groups
SELECT project_id, payer_id, group_id, limit_fen, by_month, disabled, created_at
FROM department WHERE project_id = :project_id AND group_id IS NOT NULL ORDER BY payer_id

-- name: put_member
INSERT INTO department_member (project_id, account_id, payer_id, limit_fen, since)
VALUES (:project_id, :account_id, :payer_id, :limit_fen, :at)
ON CONFLICT (project_id, account_id) DO UPDATE SET payer_id = excluded.payer_id, limit_fen = excluded.limit_fen,
    since = CASE WHEN department_member.payer_id = excluded.payer_id THEN department_member.since ELSE excluded.since END

-- name: drop_member
DELETE FROM department_member WHERE project_id = :project_id AND account_id = :account_id AND payer_id = :payer_id

-- name: member
SELECT account_id, payer_id, limit_fen, since FROM department_member
WHERE project_id = :project_id AND account_id = :account_id

-- name: members
SELECT account_id, payer_id, limit_fen, since FROM department_member
WHERE project_id = :project_id AND payer_id = :payer_id AND account_id > :after ORDER BY account_id LIMIT :limit

-- name: spent
SELECT CAST(COALESCE(SUM(amount_fen - refunded_fen), 0) AS BIGINT) FROM orders
WHERE project_id = :project_id AND payer_id = :payer_id AND account_id = :account_id
  AND created_at >= :from_at AND created_at < :to_at

-- name: paid_subscriptions
SELECT s.id FROM subscription s JOIN orders o ON o.project_id = s.project_id AND o.order_no = s.order_no
WHERE s.project_id = :project_id AND s.account_id = :account_id AND o.payer_id = :payer_id
  AND s.state IN ('reserved', 'queued', 'active', 'suspended') ORDER BY s.id

-- name: put_limit
INSERT INTO credit_limit (project_id, group_id, limit_fen) VALUES (:project_id, :group_id, :limit_fen)
ON CONFLICT (project_id, group_id) DO UPDATE SET limit_fen = excluded.limit_fen

-- name: drop_limit
DELETE FROM credit_limit WHERE project_id = :project_id AND group_id = :group_id

-- name: limits
SELECT group_id, limit_fen FROM credit_limit WHERE project_id = :project_id ORDER BY group_id

-- name: allow
INSERT INTO credit_account (project_id, account_id, limit_fen, since) VALUES (:project_id, :account_id, :limit_fen, :at)
ON CONFLICT (project_id, account_id) DO UPDATE SET limit_fen = excluded.limit_fen, since = excluded.since
WHERE credit_account.limit_fen < excluded.limit_fen

-- name: owing
SELECT c.account_id, CAST(COALESCE(SUM(l.amount_fen), 0) AS BIGINT) FROM credit_account c
JOIN posting_line l ON l.project_id = c.project_id AND l.ledger_account = 'wallet:' || c.account_id
JOIN posting p ON p.id = l.posting_id
WHERE c.project_id = :project_id AND p.posted_at < :before AND c.account_id > :after
GROUP BY c.account_id HAVING COALESCE(SUM(l.amount_fen), 0) > 0 ORDER BY c.account_id LIMIT :limit

-- name: insert_bill
INSERT INTO credit_bill (project_id, account_id, month, amount_fen, made_at)
VALUES (:project_id, :account_id, :month, :amount_fen, :at)
ON CONFLICT (project_id, account_id, month) DO NOTHING

-- name: bills
SELECT b.project_id, b.account_id, (SELECT a.username FROM account a WHERE a.id = b.account_id),
       (SELECT a.full_name FROM account a WHERE a.id = b.account_id), b.month, b.amount_fen, b.made_at,
       COALESCE((SELECT l.balance_fen FROM ledger_balance l WHERE l.project_id = b.project_id
                 AND l.ledger_account = 'wallet:' || b.account_id), 0)
FROM credit_bill b
WHERE b.project_id IN (:project_ids)
  AND b.month = :month -- if month
  AND b.account_id = :account_id -- if account_id
  AND b.account_id > :after -- if after
  AND b.account_id < :before -- if before
ORDER BY
  b.account_id DESC, b.month DESC, -- if newest_first
  b.account_id, b.month
LIMIT :limit OFFSET :offset

-- name: beyond_credit
SELECT l.project_id, l.ledger_account, l.balance_fen, COALESCE(MAX(c.limit_fen), 0)
FROM ledger_balance l LEFT JOIN credit_account c
     ON c.project_id = l.project_id AND l.ledger_account = 'wallet:' || c.account_id
WHERE l.ledger_account LIKE 'wallet:%' AND l.balance_fen > 0
GROUP BY l.project_id, l.ledger_account, l.balance_fen HAVING l.balance_fen > COALESCE(MAX(c.limit_fen), 0)
ORDER BY l.project_id, l.ledger_account

-- name: wrong_payers
SELECT o.order_no, o.payer_id, o.amount_fen, CAST(COALESCE(SUM(l.amount_fen), 0) AS BIGINT)
FROM orders o LEFT JOIN posting p ON p.project_id = o.project_id AND p.order_no = o.order_no AND p.kind = 'sale'
LEFT JOIN posting_line l ON l.posting_id = p.id AND l.ledger_account IN ('wallet:' || o.payer_id, 'bonus:' || o.payer_id)
WHERE o.payer_id IS NOT NULL AND o.channel = 'BALANCE' AND o.amount_fen > 0
GROUP BY o.order_no, o.payer_id, o.amount_fen HAVING COALESCE(SUM(l.amount_fen), 0) <> o.amount_fen ORDER BY o.order_no

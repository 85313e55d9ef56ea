-- Agents, their customers, and the movements of their deposits.

-- name: insert_agent
INSERT INTO agent (project_id, name, operator_id, rate_parts, plan_ids, group_ids, day_limit_fen, disabled, created_at, created_by)
VALUES (:project_id, :name, :operator_id, :rate_parts, :plan_ids, :group_ids, :day_limit_fen, 0, :at, :created_by)
RETURNING id

-- name: set_agent
UPDATE agent SET name = :name, rate_parts = :rate_parts, plan_ids = :plan_ids, group_ids = :group_ids,
       day_limit_fen = :day_limit_fen, disabled = :disabled
WHERE project_id = :project_id AND id = :id

-- name: agents
SELECT id, project_id, name, operator_id, rate_parts, plan_ids, group_ids, day_limit_fen, disabled, created_at, created_by
FROM agent
WHERE project_id IN (:project_ids)
  AND id = :id -- if id
  AND operator_id = :operator_id -- if operator_id
  AND name = :name -- if name
  AND id > :after -- if after
  AND id < :before -- if before
ORDER BY
  id DESC, -- if newest_first
  id
LIMIT :limit OFFSET :offset

-- name: agent_rows
SELECT g.id, g.project_id, g.name, o.name, g.rate_parts, g.day_limit_fen, g.disabled, g.created_at, g.created_by,
       COALESCE((SELECT -l.balance_fen FROM ledger_balance l
                 WHERE l.project_id = g.project_id AND l.ledger_account = 'agent:' || g.id), 0)
FROM agent g JOIN operator o ON o.id = g.operator_id
WHERE g.project_id IN (:project_ids)
  AND g.id > :after -- if after
  AND g.id < :before -- if before
ORDER BY
  g.id DESC, -- if newest_first
  g.id
LIMIT :limit OFFSET :offset

-- name: agent
SELECT id, project_id, name, operator_id, rate_parts, plan_ids, group_ids, day_limit_fen, disabled, created_at, created_by
FROM agent WHERE project_id = :project_id AND id = :id

-- name: put_customer
INSERT INTO agent_customer (project_id, account_id, agent_id, since) VALUES (:project_id, :account_id, :agent_id, :at)
ON CONFLICT (project_id, account_id) DO UPDATE SET agent_id = excluded.agent_id, since = excluded.since

-- name: drop_customer
DELETE FROM agent_customer WHERE project_id = :project_id AND account_id = :account_id AND agent_id = :agent_id

-- name: agent_of
SELECT agent_id FROM agent_customer WHERE project_id = :project_id AND account_id = :account_id

-- name: customers
SELECT a.id, a.username, a.full_name, c.since
FROM agent_customer c JOIN account a ON a.project_id = c.project_id AND a.id = c.account_id
WHERE c.project_id = :project_id AND c.agent_id = :agent_id AND c.account_id > :after
ORDER BY c.account_id LIMIT :limit

-- name: sold_between
SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) FROM orders
WHERE project_id = :project_id AND agent_id = :agent_id AND created_at >= :from_at AND created_at < :to_at

-- name: moved_before
SELECT CAST(COALESCE(SUM(l.amount_fen), 0) AS BIGINT) FROM posting_line l JOIN posting p ON p.id = l.posting_id
WHERE l.project_id = :project_id AND l.ledger_account = :ledger_account AND p.posted_at < :before

-- name: statement
SELECT l.id, p.id, p.posted_at, p.kind, l.amount_fen, p.order_no, a.username, o.amount_fen, p.memo
FROM posting_line l JOIN posting p ON p.id = l.posting_id
LEFT JOIN orders o ON o.project_id = p.project_id AND o.order_no = p.order_no
LEFT JOIN account a ON a.project_id = o.project_id AND a.id = o.account_id
WHERE l.project_id = :project_id AND l.ledger_account = :ledger_account AND p.posted_at >= :from_at AND p.posted_at < :to_at
  AND l.id > :after
ORDER BY l.id LIMIT :limit

-- name: paid_for_order
SELECT CAST(COALESCE(SUM(l.amount_fen), 0) AS BIGINT) FROM posting p JOIN posting_line l ON l.posting_id = p.id
WHERE p.project_id = :project_id AND p.order_no = :order_no AND p.kind IN ('sale', 'recharge')
  AND l.ledger_account = :ledger_account

-- name: agents_counted
SELECT COUNT(*) FROM agent

-- name: overdrawn
SELECT l.ledger_account, l.project_id, l.balance_fen FROM ledger_balance l
WHERE l.ledger_account LIKE 'agent:%' AND l.balance_fen > 0 ORDER BY l.project_id, l.ledger_account

-- name: stray_deposits
SELECT l.ledger_account, l.project_id FROM ledger_balance l
WHERE l.ledger_account LIKE 'agent:%' AND l.balance_fen <> 0
  AND NOT EXISTS (SELECT 1 FROM agent a WHERE a.project_id = l.project_id AND l.ledger_account = 'agent:' || a.id)
ORDER BY l.project_id, l.ledger_account

-- name: unpaid_sales
SELECT o.order_no, o.agent_id, o.amount_fen, CAST(COALESCE((SELECT SUM(l.amount_fen) FROM posting p JOIN posting_line l ON l.posting_id = p.id
        WHERE p.project_id = o.project_id AND p.order_no = o.order_no AND p.kind IN ('sale', 'recharge')
          AND (l.ledger_account = 'agent:' || o.agent_id OR l.ledger_account = 'commission')), 0) AS BIGINT) AS borne_fen
FROM orders o WHERE o.agent_id IS NOT NULL AND o.channel = 'AGENT' ORDER BY o.order_no

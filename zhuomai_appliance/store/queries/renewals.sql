-- Renewing from the wallet, and notices.

-- name: put_auto
INSERT INTO auto_renewal (project_id, account_id, plan_id, next_look_at, operator, asked_at)
VALUES (:project_id, :account_id, :plan_id, :at, :operator, :at)
ON CONFLICT (project_id, account_id) DO UPDATE SET plan_id = excluded.plan_id, next_look_at = excluded.next_look_at,
       operator = excluded.operator, asked_at = excluded.asked_at

-- name: drop_auto
DELETE FROM auto_renewal WHERE project_id = :project_id AND account_id = :account_id

-- name: auto_of
SELECT project_id, account_id, plan_id, next_look_at, operator, asked_at FROM auto_renewal
WHERE project_id = :project_id AND account_id = :account_id

-- name: auto_due
SELECT project_id, account_id, plan_id, next_look_at, operator, asked_at FROM auto_renewal
WHERE next_look_at <= :now ORDER BY next_look_at, project_id, account_id LIMIT :limit

-- name: set_next_look
UPDATE auto_renewal SET next_look_at = :at WHERE project_id = :project_id AND account_id = :account_id

-- name: insert_renewal
INSERT INTO renewal (project_id, subscription_id, period_no, account_id, order_no, renewed_at)
VALUES (:project_id, :subscription_id, :period_no, :account_id, :order_no, :at)

-- name: renewal_of
SELECT order_no FROM renewal
WHERE project_id = :project_id AND subscription_id = :subscription_id AND period_no = :period_no

-- name: put_notice
INSERT INTO notice (project_id, account_id, key, kind, facts, made_at)
VALUES (:project_id, :account_id, :key, :kind, :facts, :at) ON CONFLICT (project_id, key) DO NOTHING

-- name: notices_of
SELECT id, kind, facts, made_at FROM notice
WHERE project_id = :project_id AND account_id = :account_id ORDER BY id DESC LIMIT :limit

-- name: ending
SELECT a.id, a.username, a.full_name, e.covered_until FROM entitlement e JOIN account a ON a.id = e.account_id
WHERE e.project_id = :project_id AND a.closed_at IS NULL AND e.covered_until >= :from_at AND e.covered_until < :to_at
ORDER BY e.covered_until, a.id LIMIT :limit

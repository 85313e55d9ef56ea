-- Base plans of groups.

-- name: without_base
SELECT a.id FROM account a
WHERE a.project_id = :project_id AND a.group_id = :group_id AND a.closed_at IS NULL AND a.id > :after
  AND NOT EXISTS (SELECT 1 FROM base_grant b WHERE b.project_id = a.project_id AND b.account_id = a.id
                  AND b.month = :month AND b.plan_id = :plan_id)
ORDER BY a.id LIMIT :limit

-- name: insert_grant
INSERT INTO base_grant (project_id, account_id, month, group_id, plan_id, subscription_id)
VALUES (:project_id, :account_id, :month, :group_id, :plan_id, :subscription_id)

-- name: strangers
SELECT b.account_id, b.month, b.plan_id, b.subscription_id, a.group_id, a.closed_at FROM base_grant b
JOIN account a ON a.project_id = b.project_id AND a.id = b.account_id
WHERE b.project_id = :project_id AND (b.month >= :month OR b.month = 0)
  AND (COALESCE(a.group_id, 0) <> b.group_id OR a.closed_at IS NOT NULL)
ORDER BY b.account_id, b.month LIMIT :limit

-- name: waited
SELECT b.account_id, b.month, b.plan_id, b.subscription_id, a.group_id, a.closed_at FROM subscription s
JOIN base_grant b ON b.project_id = s.project_id AND b.account_id = s.account_id AND b.subscription_id = s.id
JOIN account a ON a.project_id = b.project_id AND a.id = b.account_id
WHERE s.state = 'queued' AND s.project_id = :project_id AND b.month > 0 AND b.month < :month
ORDER BY b.account_id, b.month LIMIT :limit

-- name: move_grant
UPDATE base_grant SET group_id = :group_id
WHERE project_id = :project_id AND account_id = :account_id AND month = :month AND plan_id = :plan_id

-- name: drop_grant
DELETE FROM base_grant
WHERE project_id = :project_id AND account_id = :account_id AND month = :month AND plan_id = :plan_id

-- Changes of plan.

-- name: insert_change
INSERT INTO plan_change (project_id, account_id, from_subscription_id, to_subscription_id, direction, mode,
       period_starts_at, total, changed_at, operator)
VALUES (:project_id, :account_id, :from_id, :to_id, :direction, :mode, :period_starts_at, :total, :at, :operator)
RETURNING id

-- name: change_to
SELECT period_starts_at, total FROM plan_change
WHERE project_id = :project_id AND to_subscription_id = :subscription_id AND mode = 'keep_end'

-- name: changes_in_period
SELECT COUNT(*) FROM plan_change
WHERE project_id = :project_id AND account_id = :account_id AND direction = :direction AND period_starts_at = :period_starts_at

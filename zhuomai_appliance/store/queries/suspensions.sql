-- Suspensions of accounts.

-- name: insert_suspension
INSERT INTO suspension (project_id, account_id, batch_id, state, begins_at, resumes_at, on_login, min_days, most_days,
       keep_fee_fen, operator, reason, asked_at)
VALUES (:project_id, :account_id, :batch_id, 'planned', :begins_at, :resumes_at, :on_login, :min_days, :most_days,
       :keep_fee_fen, :operator, :reason, :at)
RETURNING id

-- name: suspensions_of
SELECT id, project_id, account_id, batch_id, state, begins_at, resumes_at, on_login, min_days, most_days, keep_fee_fen,
       fee_months, ended_at, days, why, operator, reason, asked_at
FROM suspension WHERE project_id = :project_id AND account_id = :account_id ORDER BY id

-- name: suspensions_of_batch
SELECT id, project_id, account_id, batch_id, state, begins_at, resumes_at, on_login, min_days, most_days, keep_fee_fen,
       fee_months, ended_at, days, why, operator, reason, asked_at
FROM suspension WHERE project_id = :project_id AND batch_id = :batch_id ORDER BY id

-- name: suspensions_due
SELECT id, project_id, account_id, batch_id, state, begins_at, resumes_at, on_login, min_days, most_days, keep_fee_fen,
       fee_months, ended_at, days, why, operator, reason, asked_at
FROM suspension
WHERE id > :after AND ((state = 'planned' AND begins_at <= :now)
    OR (state = 'running' AND (resumes_at <= :now OR keep_fee_fen > 0)))
ORDER BY id LIMIT :limit

-- name: set_suspension
UPDATE suspension SET state = :state, begins_at = :begins_at, fee_months = :fee_months, ended_at = :ended_at,
       days = :days, why = :why
WHERE project_id = :project_id AND id = :id

-- name: base_subscriptions
SELECT subscription_id FROM base_grant WHERE project_id = :project_id AND account_id = :account_id

-- name: suspended_without_reason
SELECT s.id, s.account_id FROM subscription s
WHERE s.state = 'suspended' AND NOT EXISTS (SELECT 1 FROM suspension x
      WHERE x.project_id = s.project_id AND x.account_id = s.account_id AND x.state = 'running') ORDER BY s.id

-- name: insert_batch
INSERT INTO holiday_batch (project_id, key, state, begins_at, resumes_at, reason, operator, made_at)
VALUES (:project_id, :key, 'running', :begins_at, :resumes_at, :reason, :operator, :at) RETURNING id

-- name: batch_by_key
SELECT id, project_id, state, begins_at, resumes_at, reason, operator, made_at FROM holiday_batch
WHERE project_id = :project_id AND key = :key

-- name: batch_by_id
SELECT id, project_id, state, begins_at, resumes_at, reason, operator, made_at FROM holiday_batch
WHERE project_id = :project_id AND id = :id

-- name: set_batch
UPDATE holiday_batch SET state = :state, undone_at = :undone_at WHERE project_id = :project_id AND id = :id

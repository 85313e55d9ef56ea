-- Accounts made together by a rule.

-- name: add
INSERT INTO account_batch (project_id, name, rule, made, created_at, created_by)
VALUES (:project_id, :name, :rule, 0, :at, :by) RETURNING id

-- name: put_member
UPDATE account SET batch_id = :batch_id WHERE project_id = :project_id AND id = :account_id

-- name: count_made
UPDATE account_batch SET made = made + :more WHERE project_id = :project_id AND id = :batch_id

-- name: mark_exported
UPDATE account_batch SET exported_at = :at, exported_by = :by
WHERE project_id = :project_id AND id = :batch_id AND exported_at IS NULL

-- name: batches
SELECT b.id, b.project_id, b.name, b.rule, b.made, b.created_at, b.created_by, b.exported_at, b.exported_by
FROM account_batch b
WHERE b.project_id IN (:project_ids)
  AND b.id = :id -- if id
  AND b.name = :name -- if name
  AND b.id > :after -- if after
  AND b.id < :before -- if before
ORDER BY
  b.id DESC, -- if newest_first
  b.id
LIMIT :limit OFFSET :offset

-- A password that somebody changed since is his own: it is not given out.
-- name: members
SELECT a.id, a.username, CASE WHEN a.password_changed_at = a.created_at THEN a.secret_sealed END
FROM account a WHERE a.project_id = :project_id AND a.batch_id = :batch_id AND a.id > :after ORDER BY a.id LIMIT :limit

-- Closing an account: announced, done, and its names given up after a time.

-- name: state
SELECT closed_at, closed_reason, closing_at, names_free_at FROM account
WHERE project_id = :project_id AND id = :account_id

-- name: announce
UPDATE account SET closing_at = :closing_at, closed_reason = :reason
WHERE project_id = :project_id AND id = :account_id AND closed_at IS NULL

-- name: close
UPDATE account SET closed_at = :at, closed_reason = :reason, closing_at = NULL, names_free_at = :names_free_at
WHERE project_id = :project_id AND id = :account_id AND closed_at IS NULL

-- name: unbind_all
DELETE FROM device_binding WHERE project_id = :project_id AND account_id = :account_id

-- name: due
SELECT project_id, id, closed_reason FROM account
WHERE closing_at <= :now ORDER BY closing_at, id LIMIT :limit

-- name: names_due
SELECT project_id, id, username FROM account
WHERE names_free_at <= :now ORDER BY names_free_at, id LIMIT :limit

-- name: drop_names
DELETE FROM identifier WHERE project_id = :project_id AND account_id = :account_id

-- name: retire
UPDATE account SET username = :username, names_free_at = NULL WHERE project_id = :project_id AND id = :account_id

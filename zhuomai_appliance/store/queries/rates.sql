-- Rate templates: renaming, removing, and who follows one.

-- name: rename
UPDATE rate SET name = :name WHERE project_id = :project_id AND id = :id

-- name: remove
DELETE FROM rate WHERE project_id = :project_id AND id = :id

-- name: groups_of
SELECT rate_id, COUNT(*) FROM user_group WHERE project_id = :project_id AND rate_id IS NOT NULL GROUP BY rate_id

-- name: rules_of
SELECT rate_id, COUNT(*) FROM access_rule WHERE project_id = :project_id AND rate_id IS NOT NULL GROUP BY rate_id

-- name: accounts_of
SELECT rate_id, COUNT(*) FROM account WHERE project_id = :project_id AND rate_id IS NOT NULL GROUP BY rate_id

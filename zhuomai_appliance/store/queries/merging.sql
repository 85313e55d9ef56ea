-- Two accounts of one person become one: what moves from the one that is given up.

-- name: move_names
UPDATE identifier SET account_id = :kept, kind = CASE WHEN kind IN ('username', 'phone') THEN 'alias' ELSE kind END
WHERE project_id = :project_id AND account_id = :given_up

-- name: move_notes
UPDATE account_note SET account_id = :kept WHERE project_id = :project_id AND account_id = :given_up

-- name: copy_tags
INSERT INTO account_tag (project_id, account_id, tag)
SELECT project_id, :kept, tag FROM account_tag WHERE project_id = :project_id AND account_id = :given_up
ON CONFLICT (project_id, account_id, tag) DO NOTHING

-- name: copy_limit
INSERT INTO spending_limit (project_id, account_id, limit_fen, set_at, set_by)
SELECT project_id, :kept, limit_fen, set_at, set_by FROM spending_limit
WHERE project_id = :project_id AND account_id = :given_up
ON CONFLICT (project_id, account_id) DO NOTHING

-- name: mark
UPDATE account SET merged_into = :kept, names_free_at = NULL WHERE project_id = :project_id AND id = :given_up

-- name: merged
SELECT id, username, closed_at FROM account WHERE project_id = :project_id AND merged_into = :kept ORDER BY id

-- name: pays_for_others
SELECT EXISTS (SELECT 1 FROM department WHERE project_id = :project_id AND payer_id = :account_id)

-- What the desk keeps about a person beside the account: notes, tags, names, devices that were taken off.

-- name: add_note
INSERT INTO account_note (project_id, account_id, text, at, by) VALUES (:project_id, :account_id, :text, :at, :by)
RETURNING id

-- name: remove_note
UPDATE account_note SET removed_at = :at
WHERE project_id = :project_id AND account_id = :account_id AND id = :id AND removed_at IS NULL

-- name: notes
SELECT id, text, at, by FROM account_note
WHERE project_id = :project_id AND account_id = :account_id AND removed_at IS NULL ORDER BY id DESC LIMIT :limit

-- name: tags
SELECT tag FROM account_tag WHERE project_id = :project_id AND account_id = :account_id ORDER BY tag

-- name: drop_tags
DELETE FROM account_tag WHERE project_id = :project_id AND account_id = :account_id

-- name: add_tag
INSERT INTO account_tag (project_id, account_id, tag) VALUES (:project_id, :account_id, :tag)
ON CONFLICT (project_id, account_id, tag) DO NOTHING

-- name: drop_name
DELETE FROM identifier WHERE project_id = :project_id AND account_id = :account_id AND value = :value AND kind = :kind

-- name: owner_of_name
SELECT a.username FROM identifier i JOIN account a ON a.project_id = i.project_id AND a.id = i.account_id
WHERE i.project_id = :project_id AND i.value = :value

-- name: add_unbinding
INSERT INTO unbinding (project_id, account_id, mac, by_user, at, by, reason)
VALUES (:project_id, :account_id, :mac, :by_user, :at, :by, :reason)

-- name: own_unbindings
SELECT COUNT(*) FROM unbinding
WHERE project_id = :project_id AND account_id = :account_id AND by_user = 1 AND at >= :from_at AND at < :to_at

-- name: unbindings
SELECT mac, by_user, at, by, reason FROM unbinding
WHERE project_id = :project_id AND account_id = :account_id ORDER BY id DESC LIMIT :limit

-- name: verified
SELECT id_verified_at, id_verified_by FROM account WHERE project_id = :project_id AND id = :account_id

-- name: set_verified
UPDATE account SET id_verified_at = :at, id_verified_by = :by WHERE project_id = :project_id AND id = :account_id

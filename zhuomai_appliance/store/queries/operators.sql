-- Operators, their roles, console sessions and API tokens.

-- name: put_role
INSERT INTO role (name, permissions) VALUES (:name, :permissions)
ON CONFLICT (name) DO UPDATE SET permissions = excluded.permissions

-- name: roles
SELECT name, permissions FROM role ORDER BY name

-- name: operators
SELECT o.id, o.name, o.role, o.project_ids, r.permissions, o.disabled, o.password_digest, o.group_ids
FROM operator o JOIN role r ON r.name = o.role ORDER BY o.name

-- name: by_name
SELECT o.id, o.name, o.role, o.project_ids, r.permissions, o.disabled, o.password_digest, o.group_ids
FROM operator o JOIN role r ON r.name = o.role WHERE o.name = :name

-- name: by_id
SELECT o.id, o.name, o.role, o.project_ids, r.permissions, o.disabled, o.password_digest, o.group_ids
FROM operator o JOIN role r ON r.name = o.role WHERE o.id = :id

-- name: insert_operator
INSERT INTO operator (name, role, project_ids, password_digest, disabled, created_at, password_changed_at)
VALUES (:name, :role, :project_ids, :password_digest, 0, :at, :at)
RETURNING id

-- name: set_password
UPDATE operator SET password_digest = :password_digest, password_changed_at = :at WHERE id = :id

-- name: set_role
UPDATE operator SET role = :role, project_ids = :project_ids, disabled = :disabled WHERE id = :id

-- name: set_groups
UPDATE operator SET group_ids = :group_ids WHERE id = :id

-- name: add_session
INSERT INTO operator_session (token_digest, operator_id, csrf_token, address, user_agent, created_at, seen_at)
VALUES (:token_digest, :operator_id, :csrf_token, :address, :user_agent, :at, :at)

-- name: find_session
SELECT s.csrf_token, s.address, s.user_agent, s.created_at, s.seen_at,
       o.id, o.name, o.role, o.project_ids, r.permissions, o.disabled, o.password_digest, o.group_ids
FROM operator_session s JOIN operator o ON o.id = s.operator_id JOIN role r ON r.name = o.role
WHERE s.token_digest = :token_digest

-- name: touch_session
UPDATE operator_session SET seen_at = :at WHERE token_digest = :token_digest AND seen_at < :at

-- name: delete_session
DELETE FROM operator_session WHERE token_digest = :token_digest

-- name: delete_sessions_of
DELETE FROM operator_session WHERE operator_id = :operator_id

-- name: drop_old_sessions
DELETE FROM operator_session WHERE created_at <= :created_before OR seen_at <= :seen_before

-- name: add_token
INSERT INTO api_token (operator_id, name, token_digest, scopes, created_at)
VALUES (:operator_id, :name, :token_digest, :scopes, :at)
RETURNING id

-- name: find_token
SELECT t.id, t.name, t.scopes, t.last_used_at,
       o.id, o.name, o.role, o.project_ids, r.permissions, o.disabled, o.password_digest, o.group_ids
FROM api_token t JOIN operator o ON o.id = t.operator_id JOIN role r ON r.name = o.role
WHERE t.token_digest = :token_digest AND t.revoked_at IS NULL

-- name: touch_token
UPDATE api_token SET last_used_at = :at WHERE id = :id

-- name: revoke_token
UPDATE api_token SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL

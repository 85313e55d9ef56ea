-- Realms, servers elsewhere, logins that those accepted, and reports that wait to be told to them.

-- name: upstreams
SELECT id, project_id, name, address, secret_sealed, terms FROM upstream ORDER BY project_id, name

-- name: insert_upstream
INSERT INTO upstream (project_id, name, address, secret_sealed, terms)
VALUES (:project_id, :name, :address, :unsealed, :terms)
RETURNING id

-- name: update_upstream
UPDATE upstream SET address = :address, secret_sealed = :secret_sealed, terms = :terms
WHERE project_id = :project_id AND id = :id

-- name: remove_upstream
DELETE FROM upstream WHERE project_id = :project_id AND id = :id

-- name: realms
SELECT project_id, name, group_id, terms FROM realm ORDER BY project_id, name

-- name: put_realm
INSERT INTO realm (project_id, name, group_id, terms) VALUES (:project_id, :name, :group_id, :terms)
ON CONFLICT (project_id, name) DO UPDATE SET group_id = excluded.group_id, terms = excluded.terms

-- name: remove_realm
DELETE FROM realm WHERE project_id = :project_id AND name = :name

-- name: put_login
INSERT INTO roaming_login (project_id, token, realm, upstream, classes, at)
VALUES (:project_id, :token, :realm, :upstream, :classes, :at)
ON CONFLICT (project_id, token) DO NOTHING

-- name: login
SELECT realm, upstream, classes FROM roaming_login WHERE project_id = :project_id AND token = :token

-- name: forget_logins
DELETE FROM roaming_login WHERE at < :before

-- name: keep_login
UPDATE roaming_login SET at = :at WHERE project_id = :project_id AND token = :token AND at < :before

-- name: insert_report
INSERT INTO roaming_report (project_id, upstreams, attributes, delay_seconds, arrived_at, due_at, tries)
VALUES (:project_id, :upstreams, :attributes, :delay_seconds, :arrived_at, :arrived_at, 0)
RETURNING id

-- name: reports_due
SELECT id, project_id, upstreams, attributes, delay_seconds, arrived_at, tries FROM roaming_report
WHERE due_at <= :now ORDER BY due_at, id LIMIT :limit

-- name: postpone_report
UPDATE roaming_report SET due_at = :due_at, tries = tries + 1 WHERE id = :id

-- name: remove_report
DELETE FROM roaming_report WHERE id = :id

-- name: waiting_reports
SELECT count(*) FROM roaming_report

-- name: forget_reports
DELETE FROM roaming_report WHERE arrived_at < :before

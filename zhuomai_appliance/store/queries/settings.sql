-- Settings that live in the database: of a project, or of the machine (project_id 0).

-- name: get_setting
SELECT value FROM setting WHERE project_id = :project_id AND key = :key

-- name: put_setting
INSERT INTO setting (project_id, key, value) VALUES (:project_id, :key, :value)
ON CONFLICT (project_id, key) DO UPDATE SET value = excluded.value

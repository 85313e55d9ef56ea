-- Rates, plans with their frozen versions, groups of accounts.

-- name: rates
SELECT id, name, up_bps, down_bps, burst FROM rate WHERE project_id = :project_id ORDER BY name

-- name: insert_rate
INSERT INTO rate (project_id, name, up_bps, down_bps, burst) VALUES (:project_id, :name, :up_bps, :down_bps, :burst)
RETURNING id

-- name: set_rate
UPDATE rate SET up_bps = :up_bps, down_bps = :down_bps, burst = :burst WHERE project_id = :project_id AND id = :id

-- name: plans
SELECT p.id, p.name, p.on_sale, v.id, v.version_no, v.kind, v.price_fen, v.terms
FROM plan p JOIN plan_version v ON v.project_id = p.project_id AND v.id = p.current_version_id
WHERE p.project_id = :project_id ORDER BY p.name

-- name: plan_by_name
SELECT p.id, p.name, p.on_sale, v.id, v.version_no, v.kind, v.price_fen, v.terms
FROM plan p JOIN plan_version v ON v.project_id = p.project_id AND v.id = p.current_version_id
WHERE p.project_id = :project_id AND p.name = :name

-- name: version
SELECT p.id, p.name, p.on_sale, v.id, v.version_no, v.kind, v.price_fen, v.terms
FROM plan_version v JOIN plan p ON p.project_id = v.project_id AND p.id = v.plan_id
WHERE v.project_id = :project_id AND v.id = :id

-- name: insert_plan
INSERT INTO plan (project_id, name, on_sale) VALUES (:project_id, :name, :on_sale) RETURNING id

-- name: insert_version
INSERT INTO plan_version (project_id, plan_id, version_no, kind, price_fen, terms, created_at)
VALUES (:project_id, :plan_id, :version_no, :kind, :price_fen, :terms, :at)
RETURNING id

-- name: set_current
UPDATE plan SET current_version_id = :version_id, on_sale = :on_sale WHERE project_id = :project_id AND id = :id

-- name: groups
SELECT id, parent_id, name, switches, rate_id, plan_id, base_plan_id FROM user_group
WHERE project_id = :project_id ORDER BY id

-- name: insert_group
INSERT INTO user_group (project_id, parent_id, name, switches, rate_id, plan_id, base_plan_id)
VALUES (:project_id, :parent_id, :name, :switches, :rate_id, :plan_id, :base_plan_id)
RETURNING id

-- name: update_group
UPDATE user_group SET parent_id = :parent_id, name = :name, switches = :switches, rate_id = :rate_id,
       plan_id = :plan_id, base_plan_id = :base_plan_id
WHERE project_id = :project_id AND id = :id

-- name: group_users
SELECT (SELECT count(*) FROM account a WHERE a.project_id = :project_id AND a.group_id = :id),
       (SELECT count(*) FROM user_group g WHERE g.project_id = :project_id AND g.parent_id = :id),
       (SELECT count(*) FROM access_rule r WHERE r.project_id = :project_id AND r.group_id = :id),
       (SELECT count(*) FROM realm r WHERE r.project_id = :project_id AND r.group_id = :id)

-- name: remove_group
DELETE FROM user_group WHERE project_id = :project_id AND id = :id

-- name: versions
SELECT p.id, p.name, p.on_sale, v.id, v.version_no, v.kind, v.price_fen, v.terms, v.created_at
FROM plan_version v JOIN plan p ON p.project_id = v.project_id AND p.id = v.plan_id
WHERE v.project_id = :project_id AND v.plan_id = :plan_id ORDER BY v.version_no

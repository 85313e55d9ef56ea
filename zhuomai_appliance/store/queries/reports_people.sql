-- Accounts as pages and the API list them. A line that ends with `-- if NAME` is left out unless NAME is asked for.

-- name: all_projects
SELECT id FROM project ORDER BY id

-- name: accounts
SELECT a.id, a.project_id, a.username, a.full_name, a.group_id, g.name, a.rate_id, r.name, a.created_at, a.created_by,
       a.first_login_at, a.locked_until, a.locked_reason, a.closed_at, e.covered_until, e.chain,
       (SELECT count(*) FROM session s WHERE s.account_id = a.id AND s.stopped_at IS NULL),
       (SELECT MAX(s.seen_at) FROM session s WHERE s.project_id = a.project_id AND s.account_id = a.id),
       COALESCE((SELECT -b.balance_fen FROM ledger_balance b
                 WHERE b.project_id = a.project_id AND b.ledger_account = 'wallet:' || a.id), 0),
       COALESCE((SELECT -b.balance_fen FROM ledger_balance b
                 WHERE b.project_id = a.project_id AND b.ledger_account = 'bonus:' || a.id), 0)
FROM account a
LEFT JOIN user_group g ON g.id = a.group_id
LEFT JOIN rate r ON r.id = a.rate_id
LEFT JOIN entitlement e ON e.account_id = a.id
WHERE a.project_id IN (:project_ids)
  AND a.group_id IN (:group_ids) -- if group_ids
  AND a.id = :id -- if id
  AND a.id > :after -- if after
  AND a.id < :before -- if before
  AND a.username = :username -- if username
  AND a.full_name = :full_name -- if full_name
  AND a.id IN (SELECT i.account_id FROM identifier i WHERE i.project_id IN (:project_ids) AND i.value LIKE :words ESCAPE '\' -- if words
               UNION ALL SELECT f.id FROM account f WHERE f.project_id IN (:project_ids) AND lower(f.full_name) LIKE :words ESCAPE '\' -- if words
               UNION ALL SELECT f.id FROM account f WHERE f.project_id IN (:project_ids) AND f.phone_index = :phone_words -- if words
               UNION ALL SELECT d.account_id FROM device_binding d WHERE d.project_id IN (:project_ids) AND d.mac = :mac_words -- if words
               UNION ALL SELECT s.account_id FROM session s WHERE s.stopped_at IS NULL AND s.account_id IS NOT NULL AND (s.mac = :mac_words OR s.ip = :exact_words)) -- if words
  AND a.phone_index = :phone_index -- if phone_index
  AND EXISTS (SELECT 1 FROM account_tag t WHERE t.project_id = a.project_id AND t.account_id = a.id AND t.tag = :tag) -- if tag
  AND a.id IN (SELECT d.account_id FROM device_binding d WHERE d.project_id IN (:project_ids) AND d.mac = :mac) -- if mac
  AND g.name = :group_name -- if group_name
  AND a.group_id = :group_id -- if group_id
  AND a.id IN (SELECT b.account_id FROM subscription b JOIN plan_version v ON v.id = b.plan_version_id WHERE b.state = 'active' AND v.plan_id = :plan_id) -- if plan_id
  AND a.closed_at IS NOT NULL -- if closed
  AND a.closed_at IS NULL -- if not_closed
  AND (a.locked_until = 0 OR a.locked_until > :now) -- if locked
  AND (a.locked_until IS NULL OR (a.locked_until <> 0 AND a.locked_until <= :now)) -- if not_locked
  AND a.id IN (SELECT b.account_id FROM subscription b WHERE b.state = 'suspended') AND a.id NOT IN (SELECT b.account_id FROM subscription b WHERE b.state = 'active') -- if suspended
  AND (a.id NOT IN (SELECT b.account_id FROM subscription b WHERE b.state = 'suspended') OR a.id IN (SELECT b.account_id FROM subscription b WHERE b.state = 'active')) -- if not_suspended
  AND (e.account_id IS NULL OR e.covered_until = 0) -- if no_plan
  AND e.covered_until > 0 AND e.covered_until <= :now -- if expired
  AND e.account_id IS NOT NULL AND (e.covered_until IS NULL OR e.covered_until > :now) -- if covered
  AND e.covered_until > :now AND e.covered_until <= :ends_before -- if ends_before
  AND a.id IN (SELECT s.account_id FROM session s WHERE s.stopped_at IS NULL) -- if online
ORDER BY
  a.id DESC, -- if newest_first
  lower(a.username), -- if by_username
  CASE WHEN e.covered_until IS NULL THEN 1 ELSE 0 END, e.covered_until, -- if by_end
  a.id
LIMIT :limit OFFSET :offset

-- name: count_accounts
SELECT count(*)
FROM account a
LEFT JOIN user_group g ON g.id = a.group_id
LEFT JOIN entitlement e ON e.account_id = a.id
WHERE a.project_id IN (:project_ids)
  AND a.group_id IN (:group_ids) -- if group_ids
  AND a.username = :username -- if username
  AND a.full_name = :full_name -- if full_name
  AND a.id IN (SELECT i.account_id FROM identifier i WHERE i.project_id IN (:project_ids) AND i.value LIKE :words ESCAPE '\' -- if words
               UNION ALL SELECT f.id FROM account f WHERE f.project_id IN (:project_ids) AND lower(f.full_name) LIKE :words ESCAPE '\' -- if words
               UNION ALL SELECT f.id FROM account f WHERE f.project_id IN (:project_ids) AND f.phone_index = :phone_words -- if words
               UNION ALL SELECT d.account_id FROM device_binding d WHERE d.project_id IN (:project_ids) AND d.mac = :mac_words -- if words
               UNION ALL SELECT s.account_id FROM session s WHERE s.stopped_at IS NULL AND s.account_id IS NOT NULL AND (s.mac = :mac_words OR s.ip = :exact_words)) -- if words
  AND a.phone_index = :phone_index -- if phone_index
  AND EXISTS (SELECT 1 FROM account_tag t WHERE t.project_id = a.project_id AND t.account_id = a.id AND t.tag = :tag) -- if tag
  AND a.id IN (SELECT d.account_id FROM device_binding d WHERE d.project_id IN (:project_ids) AND d.mac = :mac) -- if mac
  AND g.name = :group_name -- if group_name
  AND a.group_id = :group_id -- if group_id
  AND a.id IN (SELECT b.account_id FROM subscription b JOIN plan_version v ON v.id = b.plan_version_id WHERE b.state = 'active' AND v.plan_id = :plan_id) -- if plan_id
  AND a.closed_at IS NOT NULL -- if closed
  AND a.closed_at IS NULL -- if not_closed
  AND (a.locked_until = 0 OR a.locked_until > :now) -- if locked
  AND (a.locked_until IS NULL OR (a.locked_until <> 0 AND a.locked_until <= :now)) -- if not_locked
  AND a.id IN (SELECT b.account_id FROM subscription b WHERE b.state = 'suspended') AND a.id NOT IN (SELECT b.account_id FROM subscription b WHERE b.state = 'active') -- if suspended
  AND (a.id NOT IN (SELECT b.account_id FROM subscription b WHERE b.state = 'suspended') OR a.id IN (SELECT b.account_id FROM subscription b WHERE b.state = 'active')) -- if not_suspended
  AND (e.account_id IS NULL OR e.covered_until = 0) -- if no_plan
  AND e.covered_until > 0 AND e.covered_until <= :now -- if expired
  AND e.account_id IS NOT NULL AND (e.covered_until IS NULL OR e.covered_until > :now) -- if covered
  AND e.covered_until > :now AND e.covered_until <= :ends_before -- if ends_before
  AND a.id IN (SELECT s.account_id FROM session s WHERE s.stopped_at IS NULL) -- if online

-- name: audit
SELECT t.id, t.project_id, t.at, t.actor, t.address, t.action, t.object_kind, t.object_id, t.before, t.after, t.result
FROM audit t
WHERE t.project_id IN (:project_ids)
  AND t.id = :id -- if id
  AND t.id > :after -- if after
  AND t.id < :before -- if before
  AND t.actor = :actor -- if actor
  AND t.action = :action -- if action
  AND t.object_kind = :object_kind -- if object_kind
  AND t.object_id = :object_id -- if object_id
  AND (lower(t.actor) LIKE :words ESCAPE '\' OR t.action LIKE :words ESCAPE '\' OR lower(t.object_id) LIKE :words ESCAPE '\') -- if words
  AND t.at >= :from_at -- if from_at
  AND t.at < :to_at -- if to_at
ORDER BY
  t.id DESC, -- if newest_first
  t.id
LIMIT :limit OFFSET :offset

-- name: audit_actors
SELECT DISTINCT actor FROM audit ORDER BY actor

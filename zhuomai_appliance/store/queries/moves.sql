-- Where accounts are installed, and the work orders of those who move.

-- name: installation
SELECT nas_id, vlan, outer_vlan, port_id, since FROM installation WHERE project_id = :project_id AND account_id = :account_id

-- name: put_installation
INSERT INTO installation (project_id, account_id, nas_id, vlan, outer_vlan, port_id, since)
VALUES (:project_id, :account_id, :nas_id, :vlan, :outer_vlan, :port_id, :at)
ON CONFLICT (project_id, account_id) DO UPDATE SET nas_id = excluded.nas_id, vlan = excluded.vlan,
       outer_vlan = excluded.outer_vlan, port_id = excluded.port_id, since = excluded.since

-- name: add_order
INSERT INTO work_order (project_id, account_id, kind, state, facts, memo, order_no, created_at, created_by)
VALUES (:project_id, :account_id, 'move', 'open', :facts, :memo, :order_no, :at, :by) RETURNING id

-- name: close_order
UPDATE work_order SET state = :state, closed_at = :at, closed_by = :by
WHERE project_id = :project_id AND id = :id AND state = 'open'

-- name: work_orders
SELECT w.id, w.project_id, w.account_id, a.username, w.state, w.facts, w.memo, w.order_no, w.created_at, w.created_by,
       w.closed_at, w.closed_by
FROM work_order w JOIN account a ON a.project_id = w.project_id AND a.id = w.account_id
WHERE w.project_id IN (:project_ids)
  AND w.id = :id -- if id
  AND w.account_id = :account_id -- if account_id
  AND w.state = :state -- if state
  AND w.id > :after -- if after
  AND w.id < :before -- if before
ORDER BY
  w.id DESC, -- if newest_first
  w.id
LIMIT :limit OFFSET :offset

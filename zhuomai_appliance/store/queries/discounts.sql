-- What discounts look at in the orders so far.

-- name: bought
SELECT COUNT(*) FROM orders
WHERE project_id = :project_id AND account_id = :account_id AND plan_version_id IS NOT NULL AND channel <> 'GRANT'
  AND state IN ('paid', 'fulfilled', 'refunding')

-- name: used
SELECT n.discount, COUNT(DISTINCT o.order_no) FROM orders o
JOIN order_line n ON n.project_id = o.project_id AND n.order_no = o.order_no
WHERE o.project_id = :project_id AND o.account_id = :account_id AND n.discount <> ''
  AND o.state IN ('paid', 'fulfilled', 'refunding')
GROUP BY n.discount

-- Closed months and what reversals look at.

-- name: add_close
INSERT INTO period_close (project_id, month, ends_at, closed_at, closed_by)
VALUES (:project_id, :month, :ends_at, :at, :closed_by)
ON CONFLICT (project_id, month) DO NOTHING

-- name: closes
SELECT month, ends_at, closed_at, closed_by FROM period_close WHERE project_id = :project_id ORDER BY month

-- name: posting
SELECT kind, order_no, reversal_of FROM posting WHERE project_id = :project_id AND id = :posting_id

-- name: subscription_of_order
SELECT id FROM subscription WHERE project_id = :project_id AND order_no = :order_no

-- Subscriptions, orders and payments.

-- name: insert_subscription
INSERT INTO subscription (project_id, account_id, plan_version_id, order_no, state, purchased_at, anchor_at, starts_at,
       ends_at, octets_left, seconds_left, paid_principal_fen, paid_bonus_fen, granted_octets, granted_seconds)
VALUES (:project_id, :account_id, :plan_version_id, :order_no, :state, :at, :anchor_at, :starts_at,
       :ends_at, :octets_left, :seconds_left, :paid_principal_fen, :paid_bonus_fen, :granted_octets, :granted_seconds)
RETURNING id

-- name: use_subscriptions
UPDATE subscription SET octets_left = n.value ->> 5, seconds_left = n.value ->> 6
FROM json_each(:rows) n
WHERE subscription.id = n.value ->> 0 AND subscription.state = n.value ->> 1 AND subscription.anchor_at IS n.value ->> 2
  AND subscription.starts_at IS n.value ->> 3 AND subscription.ends_at IS n.value ->> 4

-- name: use_subscriptions postgres
UPDATE subscription SET octets_left = (n.value ->> 5)::bigint, seconds_left = (n.value ->> 6)::bigint
FROM jsonb_array_elements(:rows::jsonb) n
WHERE subscription.id = (n.value ->> 0)::bigint AND subscription.state = n.value ->> 1
  AND subscription.anchor_at IS NOT DISTINCT FROM (n.value ->> 2)::bigint
  AND subscription.starts_at IS NOT DISTINCT FROM (n.value ->> 3)::bigint
  AND subscription.ends_at IS NOT DISTINCT FROM (n.value ->> 4)::bigint

-- name: update_subscriptions
UPDATE subscription SET state = n.value ->> 1, anchor_at = n.value ->> 2, starts_at = n.value ->> 3,
       ends_at = n.value ->> 4, octets_left = n.value ->> 5, seconds_left = n.value ->> 6,
       granted_octets = COALESCE(n.value ->> 7, granted_octets),
       granted_seconds = COALESCE(n.value ->> 8, granted_seconds),
       paused_days = n.value ->> 9, suspended_at = n.value ->> 10
FROM json_each(:rows) n WHERE subscription.id = n.value ->> 0

-- name: update_subscriptions postgres
UPDATE subscription SET state = n.value ->> 1, anchor_at = (n.value ->> 2)::bigint,
       starts_at = (n.value ->> 3)::bigint, ends_at = (n.value ->> 4)::bigint,
       octets_left = (n.value ->> 5)::bigint, seconds_left = (n.value ->> 6)::bigint,
       granted_octets = COALESCE((n.value ->> 7)::bigint, granted_octets),
       granted_seconds = COALESCE((n.value ->> 8)::bigint, granted_seconds),
       paused_days = (n.value ->> 9)::bigint, suspended_at = (n.value ->> 10)::bigint
FROM jsonb_array_elements(:rows::jsonb) n WHERE subscription.id = (n.value ->> 0)::bigint

-- name: subscriptions_of
SELECT s.id, s.account_id, s.plan_version_id, s.state, s.purchased_at, s.anchor_at, s.starts_at, s.ends_at,
       s.octets_left, s.seconds_left, s.paid_principal_fen, s.order_no, p.name, v.kind, v.terms, s.paid_bonus_fen
FROM subscription s
JOIN plan_version v ON v.project_id = s.project_id AND v.id = s.plan_version_id
JOIN plan p ON p.project_id = v.project_id AND p.id = v.plan_id
WHERE s.project_id = :project_id AND s.account_id = :account_id ORDER BY s.id

-- name: earning_due
SELECT s.id, s.project_id, s.starts_at, s.ends_at, s.paid_principal_fen + s.paid_bonus_fen, s.state, v.kind, v.terms,
       s.paused_days, s.suspended_at
FROM subscription s JOIN plan_version v ON v.project_id = s.project_id AND v.id = s.plan_version_id
WHERE s.paid_principal_fen + s.paid_bonus_fen > 0 AND s.starts_at IS NOT NULL AND s.starts_at < :before AND s.id > :after
  AND EXISTS (SELECT 1 FROM ledger_balance b WHERE b.project_id = s.project_id
              AND b.ledger_account = 'deferred:' || s.id AND b.balance_fen <> 0)
ORDER BY s.id LIMIT :limit

-- name: next_order_serial
SELECT COUNT(*) + 1 FROM orders WHERE project_id = :project_id AND created_at >= :from_at AND created_at < :to_at

-- name: insert_order
INSERT INTO orders (order_no, project_id, account_id, plan_version_id, periods, amount_fen, channel, state, operator,
       memo, created_at, paid_at, kind, bonus_fen, payer_id, agent_id)
VALUES (:order_no, :project_id, :account_id, :plan_version_id, :periods, :amount_fen, :channel, :state, :operator,
       :memo, :at, :paid_at, :kind, :bonus_fen, :payer_id, :agent_id)

-- name: insert_order_line
INSERT INTO order_line (project_id, order_no, line_no, subject, text, amount_fen, discount_fen, discount)
VALUES (:project_id, :order_no, :line_no, :subject, :text, :amount_fen, :discount_fen, :discount)

-- name: order_lines
SELECT subject, text, amount_fen, discount_fen, discount FROM order_line
WHERE project_id = :project_id AND order_no = :order_no ORDER BY line_no

-- name: insert_order_step
INSERT INTO order_step (project_id, order_no, step_no, state, at, operator, memo)
SELECT :project_id, CAST(:order_no AS TEXT), COUNT(*) + 1, :state, :at, :operator, :memo
FROM order_step WHERE project_id = :project_id AND order_no = :order_no

-- name: order_steps
SELECT state, at, operator, memo FROM order_step WHERE project_id = :project_id AND order_no = :order_no ORDER BY step_no

-- name: set_order_state
UPDATE orders SET state = :state, paid_at = COALESCE(paid_at, :paid_at), closed_at = COALESCE(closed_at, :closed_at)
WHERE order_no = :order_no AND state = :before

-- name: add_refunded
UPDATE orders SET refunded_fen = refunded_fen + :amount_fen WHERE order_no = :order_no

-- name: recharges_of
SELECT order_no, project_id, account_id, plan_version_id, periods, amount_fen, channel, state, operator, memo,
       created_at, paid_at, closed_at, kind, bonus_fen, refunded_fen, payer_id, agent_id
FROM orders
WHERE project_id = :project_id AND account_id = :account_id AND kind IN ('recharge', 'card')
  AND state IN ('fulfilled', 'refunding', 'refunded') AND refunded_fen < amount_fen
ORDER BY created_at DESC, order_no DESC

-- name: order_by_no
SELECT order_no, project_id, account_id, plan_version_id, periods, amount_fen, channel, state, operator, memo,
       created_at, paid_at, closed_at, kind, bonus_fen, refunded_fen, payer_id, agent_id
FROM orders WHERE order_no = :order_no

-- name: orders_of
SELECT o.order_no, o.project_id, o.account_id, o.plan_version_id, o.periods, o.amount_fen, o.channel, o.state,
       o.operator, o.memo, o.created_at, o.paid_at, o.closed_at, o.kind, o.bonus_fen, o.refunded_fen, o.payer_id, o.agent_id
FROM orders o WHERE o.project_id = :project_id AND o.account_id = :account_id ORDER BY o.created_at DESC, o.order_no DESC
LIMIT :limit

-- name: insert_payment
INSERT INTO payment (project_id, order_no, provider, provider_no, amount_fen, paid_at, payload_digest)
VALUES (:project_id, :order_no, :provider, :provider_no, :amount_fen, :at, :payload_digest)
RETURNING id


-- Subscriptions, orders and payments.

-- name: insert_subscription
INSERT INTO subscription (project_id, account_id, plan_version_id, order_no, state, purchased_at, anchor_at, starts_at,
       ends_at, octets_left, seconds_left, paid_principal_fen)
VALUES (:project_id, :account_id, :plan_version_id, :order_no, :state, :at, :anchor_at, :starts_at,
       :ends_at, :octets_left, :seconds_left, :paid_principal_fen)
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
       ends_at = n.value ->> 4, octets_left = n.value ->> 5, seconds_left = n.value ->> 6
FROM json_each(:rows) n WHERE subscription.id = n.value ->> 0

-- name: update_subscriptions postgres
UPDATE subscription SET state = n.value ->> 1, anchor_at = (n.value ->> 2)::bigint,
       starts_at = (n.value ->> 3)::bigint, ends_at = (n.value ->> 4)::bigint,
       octets_left = (n.value ->> 5)::bigint, seconds_left = (n.value ->> 6)::bigint
FROM jsonb_array_elements(:rows::jsonb) n WHERE subscription.id = (n.value ->> 0)::bigint

-- name: subscriptions_of
SELECT s.id, s.account_id, s.plan_version_id, s.state, s.purchased_at, s.anchor_at, s.starts_at, s.ends_at,
       s.octets_left, s.seconds_left, s.paid_principal_fen, s.order_no, p.name, v.kind, v.terms
FROM subscription s
JOIN plan_version v ON v.project_id = s.project_id AND v.id = s.plan_version_id
JOIN plan p ON p.project_id = v.project_id AND p.id = v.plan_id
WHERE s.project_id = :project_id AND s.account_id = :account_id ORDER BY s.id

-- name: earning_due
SELECT s.id, s.project_id, s.starts_at, s.ends_at, s.paid_principal_fen, s.state, v.kind, v.terms
FROM subscription s JOIN plan_version v ON v.project_id = s.project_id AND v.id = s.plan_version_id
WHERE s.paid_principal_fen > 0 AND s.starts_at IS NOT NULL AND s.starts_at < :before AND s.id > :after
  AND EXISTS (SELECT 1 FROM ledger_balance b WHERE b.project_id = s.project_id
              AND b.ledger_account = 'deferred:' || s.id AND b.balance_fen <> 0)
ORDER BY s.id LIMIT :limit

-- name: next_order_serial
SELECT COUNT(*) + 1 FROM orders WHERE project_id = :project_id AND created_at >= :from_at AND created_at < :to_at

-- name: insert_order
INSERT INTO orders (order_no, project_id, account_id, plan_version_id, periods, amount_fen, channel, state, operator,
       memo, created_at, paid_at)
VALUES (:order_no, :project_id, :account_id, :plan_version_id, :periods, :amount_fen, :channel, :state, :operator,
       :memo, :at, :paid_at)

-- name: order_by_no
SELECT order_no, project_id, account_id, plan_version_id, periods, amount_fen, channel, state, operator, memo,
       created_at, paid_at
FROM orders WHERE order_no = :order_no

-- name: orders_of
SELECT o.order_no, o.project_id, o.account_id, o.plan_version_id, o.periods, o.amount_fen, o.channel, o.state,
       o.operator, o.memo, o.created_at, o.paid_at
FROM orders o WHERE o.project_id = :project_id AND o.account_id = :account_id ORDER BY o.created_at DESC, o.order_no DESC
LIMIT :limit

-- name: insert_payment
INSERT INTO payment (project_id, order_no, provider, provider_no, amount_fen, paid_at, payload_digest)
VALUES (:project_id, :order_no, :provider, :provider_no, :amount_fen, :at, :payload_digest)
RETURNING id


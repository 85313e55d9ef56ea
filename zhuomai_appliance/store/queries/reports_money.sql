-- Orders, postings, subscriptions. A line that ends with `-- if NAME` is left out unless NAME is asked for.

-- name: orders
SELECT o.order_no, o.project_id, o.account_id, (SELECT a.username FROM account a WHERE a.id = o.account_id),
       (SELECT a.full_name FROM account a WHERE a.id = o.account_id),
       (SELECT p.name FROM plan_version v JOIN plan p ON p.id = v.plan_id WHERE v.id = o.plan_version_id),
       o.periods, o.amount_fen, o.channel, o.state, o.operator, o.memo, o.created_at, o.paid_at, o.closed_at
FROM orders o
WHERE o.project_id IN (:project_ids)
  AND o.order_no = :order_no -- if order_no
  AND o.account_id IN (SELECT w.id FROM account w WHERE w.project_id IN (:project_ids) AND w.group_id IN (:group_ids)) -- if group_ids
  AND o.order_no > :after -- if after
  AND o.order_no < :before -- if before
  AND o.account_id = :account_id -- if account_id
  AND o.account_id IN (SELECT i.account_id FROM identifier i WHERE i.project_id IN (:project_ids) AND i.value = :name) -- if name
  AND o.channel = :channel -- if channel
  AND o.state = :state -- if state
  AND o.operator = :operator -- if operator
  AND o.created_at >= :from_at -- if from_at
  AND o.created_at < :to_at -- if to_at
ORDER BY
  o.created_at DESC, o.order_no DESC, -- if by_time
  o.order_no DESC, -- if newest_first
  o.order_no
LIMIT :limit OFFSET :offset

-- name: postings
SELECT l.id, p.project_id, p.id, p.posted_at, p.kind, l.ledger_account, l.amount_fen, p.order_no, p.operator,
       p.reversal_of, p.memo
FROM posting_line l JOIN posting p ON p.id = l.posting_id
WHERE p.project_id IN (:project_ids)
  AND l.id = :id -- if id
  AND l.id > :after -- if after
  AND l.id < :before -- if before
  AND p.id = :posting_id -- if posting_id
  AND l.project_id IN (:project_ids) AND l.ledger_account = :account_ref -- if account_ref
  AND p.kind = :kind -- if kind
  AND p.order_no = :order_no -- if order_no
  AND p.operator = :operator -- if operator
  AND p.posted_at >= :from_at -- if from_at
  AND p.posted_at < :to_at -- if to_at
ORDER BY
  +l.id DESC, -- if sorted_down
  +l.id, -- if sorted_up
  l.id DESC, -- if newest_first
  l.id
LIMIT :limit OFFSET :offset

-- name: cash_by_kind
SELECT p.kind, CAST(SUM(l.amount_fen) AS BIGINT)
FROM posting p JOIN posting_line l ON l.posting_id = p.id
WHERE p.project_id IN (:project_ids) AND p.posted_at >= :from_at AND p.posted_at < :to_at
  AND l.ledger_account LIKE 'cash:%'
GROUP BY p.kind ORDER BY p.kind

-- name: subscriptions
SELECT b.id, b.project_id, b.account_id, (SELECT a.username FROM account a WHERE a.id = b.account_id), p.name, v.kind,
       v.version_no, b.state, b.order_no, b.purchased_at, b.anchor_at, b.starts_at, b.ends_at, b.octets_left,
       b.seconds_left, b.paid_principal_fen
FROM subscription b JOIN plan_version v ON v.id = b.plan_version_id JOIN plan p ON p.id = v.plan_id
WHERE b.project_id IN (:project_ids)
  AND b.account_id IN (SELECT w.id FROM account w WHERE w.project_id IN (:project_ids) AND w.group_id IN (:group_ids)) -- if group_ids
  AND b.id = :id -- if id
  AND b.id > :after -- if after
  AND b.id < :before -- if before
  AND b.account_id = :account_id -- if account_id
  AND b.account_id IN (SELECT i.account_id FROM identifier i WHERE i.project_id IN (:project_ids) AND i.value = :name) -- if name
  AND p.name = :plan -- if plan
  AND b.state = :state -- if state
  AND b.order_no = :order_no -- if order_no
  AND b.purchased_at >= :from_at -- if from_at
  AND b.purchased_at < :to_at -- if to_at
ORDER BY
  b.id DESC, -- if newest_first
  b.id
LIMIT :limit OFFSET :offset

-- name: usage
SELECT COALESCE((SELECT a.username FROM account a WHERE a.id = u.account_id), ''),
       COALESCE((SELECT p.name FROM subscription b JOIN plan_version v ON v.id = b.plan_version_id
                 JOIN plan p ON p.id = v.plan_id WHERE b.id = u.subscription_id), ''),
       u.day, CAST(SUM(u.input_octets) AS BIGINT), CAST(SUM(u.output_octets) AS BIGINT), CAST(SUM(u.seconds) AS BIGINT)
FROM usage u
WHERE u.project_id IN (:project_ids)
  AND u.account_id = :account_id -- if account_id
  AND u.account_id IN (SELECT w.id FROM account w WHERE w.project_id IN (:project_ids) AND w.group_id IN (:group_ids)) -- if group_ids
  AND u.day >= :from_day -- if from_day
  AND u.day < :to_day -- if to_day
GROUP BY u.account_id, 1, 2, u.day ORDER BY u.day, 1, 2

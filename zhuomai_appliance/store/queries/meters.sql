-- Meters of use, and the limits that people set themselves.

-- name: meters_of
SELECT subscription_id, month, amount, window_weight, charged_fen, overshoot_fen, posted_fen, written_off_fen, free_day,
       free_octets
FROM meter WHERE project_id = :project_id AND account_id = :account_id AND month >= :from_month
ORDER BY subscription_id, month

-- name: pending_of
SELECT CAST(COALESCE(SUM(charged_fen - posted_fen), 0) AS BIGINT) FROM meter
WHERE project_id = :project_id AND account_id = :account_id
  AND (charged_fen > posted_fen OR overshoot_fen > written_off_fen)

-- name: put_meter
INSERT INTO meter (project_id, account_id, subscription_id, month, amount, window_weight, charged_fen, overshoot_fen,
       posted_fen, written_off_fen, free_day, free_octets)
VALUES (:project_id, :account_id, :subscription_id, :month, :amount, :window_weight, :charged_fen, :overshoot_fen,
       0, 0, :free_day, :free_octets)
ON CONFLICT (project_id, account_id, subscription_id, month) DO UPDATE SET amount = excluded.amount,
       window_weight = excluded.window_weight, charged_fen = excluded.charged_fen,
       overshoot_fen = excluded.overshoot_fen, free_day = excluded.free_day, free_octets = excluded.free_octets

-- name: unposted
SELECT m.subscription_id, m.month, m.charged_fen - m.posted_fen, m.overshoot_fen - m.written_off_fen, m.charged_fen,
       m.overshoot_fen, v.kind, v.terms
FROM meter m JOIN subscription s ON s.project_id = m.project_id AND s.id = m.subscription_id
JOIN plan_version v ON v.project_id = s.project_id AND v.id = s.plan_version_id
WHERE m.project_id = :project_id AND m.account_id = :account_id
  AND (m.charged_fen > m.posted_fen OR m.overshoot_fen > m.written_off_fen)
ORDER BY m.month, m.subscription_id

-- name: mark_posted
UPDATE meter SET posted_fen = charged_fen, written_off_fen = overshoot_fen
WHERE project_id = :project_id AND account_id = :account_id AND subscription_id = :subscription_id AND month = :month

-- name: accounts_unposted
SELECT DISTINCT project_id, account_id FROM meter
WHERE (charged_fen > posted_fen OR overshoot_fen > written_off_fen) AND account_id > :after
ORDER BY account_id LIMIT :limit

-- name: plans_paid
SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) FROM orders
WHERE project_id = :project_id AND account_id = :account_id AND plan_version_id IS NOT NULL
  AND created_at >= :from_at AND created_at < :to_at AND state IN ('paid', 'fulfilled')

-- name: limit_of
SELECT limit_fen FROM spending_limit WHERE project_id = :project_id AND account_id = :account_id

-- name: put_limit
INSERT INTO spending_limit (project_id, account_id, limit_fen, set_at, set_by)
VALUES (:project_id, :account_id, :limit_fen, :at, :by)
ON CONFLICT (project_id, account_id) DO UPDATE SET limit_fen = excluded.limit_fen, set_at = excluded.set_at,
       set_by = excluded.set_by

-- name: drop_limit
DELETE FROM spending_limit WHERE project_id = :project_id AND account_id = :account_id

-- name: every_meter
SELECT m.project_id, m.account_id, r.zone, v.kind, v.price_fen, v.terms, m.subscription_id, m.month, m.amount,
       m.window_weight, m.charged_fen, m.overshoot_fen, m.posted_fen, m.written_off_fen, m.free_day, m.free_octets
FROM meter m JOIN project r ON r.id = m.project_id
JOIN subscription s ON s.project_id = m.project_id AND s.id = m.subscription_id
JOIN plan_version v ON v.project_id = s.project_id AND v.id = s.plan_version_id
ORDER BY m.account_id, m.subscription_id, m.month

-- name: usage_of
SELECT CAST(COALESCE(SUM(input_octets), 0) AS BIGINT), CAST(COALESCE(SUM(output_octets), 0) AS BIGINT),
       CAST(COALESCE(SUM(seconds), 0) AS BIGINT)
FROM usage WHERE project_id = :project_id AND account_id = :account_id AND subscription_id = :subscription_id
  AND day >= :from_day AND day < :to_day

-- name: posted_of
SELECT CAST(COALESCE(SUM(l.amount_fen), 0) AS BIGINT) FROM posting p JOIN posting_line l ON l.posting_id = p.id
WHERE p.project_id = :project_id AND p.effect >= :from_effect AND p.effect < :to_effect AND l.amount_fen > 0

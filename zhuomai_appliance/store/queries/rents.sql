-- Rent by the day, and the months that credits are found by.

-- name: versions_with
SELECT v.id FROM plan_version v WHERE v.project_id = :project_id AND v.terms LIKE :pattern ORDER BY v.id

-- name: rents_due
SELECT s.id, s.account_id, s.plan_version_id FROM subscription s
WHERE s.state = 'active' AND s.ends_at IS NULL AND s.project_id = :project_id AND s.id > :after
  AND s.plan_version_id IN (SELECT v.id FROM plan_version v WHERE v.project_id = :project_id AND v.terms LIKE :pattern)
  AND NOT EXISTS (SELECT 1 FROM rent r WHERE r.project_id = s.project_id AND r.subscription_id = s.id
                  AND r.month = :month AND r.last_day >= :today)
ORDER BY s.id LIMIT :limit

-- name: rent_of
SELECT days, last_day, charged_fen, bonus_fen FROM rent
WHERE project_id = :project_id AND subscription_id = :subscription_id AND month = :month

-- name: put_rent
INSERT INTO rent (project_id, account_id, subscription_id, month, days, last_day, charged_fen, bonus_fen)
VALUES (:project_id, :account_id, :subscription_id, :month, :days, :last_day, :charged_fen, :bonus_fen)
ON CONFLICT (project_id, subscription_id, month) DO UPDATE SET days = excluded.days, last_day = excluded.last_day,
       charged_fen = excluded.charged_fen, bonus_fen = excluded.bonus_fen

-- name: rented
SELECT s.id, s.account_id, s.plan_version_id, s.starts_at, s.ends_at, s.paid_principal_fen, s.paid_bonus_fen,
       (SELECT o.periods FROM orders o WHERE o.order_no = s.order_no)
FROM subscription s
WHERE s.project_id = :project_id AND s.id > :after AND s.starts_at IS NOT NULL AND s.starts_at <= :now
  AND (s.ends_at IS NULL OR s.ends_at > :since) AND s.state <> 'cancelled'
  AND s.plan_version_id IN (SELECT v.id FROM plan_version v WHERE v.project_id = :project_id
      AND (v.terms LIKE '%"half_price_spans"%' OR v.terms LIKE '%"unused_month_free"%'))
ORDER BY s.id LIMIT :limit

-- name: was_online
SELECT COUNT(*) FROM (SELECT 1 FROM usage WHERE project_id = :project_id AND account_id = :account_id
  AND day >= :from_day AND day < :to_day LIMIT 1) AS one

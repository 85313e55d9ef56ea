-- Proofs over the whole books: each statement gives the rows that are wrong, none when all is right.

-- name: unbalanced_postings
SELECT p.id, p.kind, CAST(COALESCE(SUM(l.amount_fen), 0) AS BIGINT), COUNT(l.id)
FROM posting p LEFT JOIN posting_line l ON l.posting_id = p.id
GROUP BY p.id, p.kind HAVING COALESCE(SUM(l.amount_fen), 0) <> 0 OR COUNT(l.id) < 2 ORDER BY p.id

-- name: stray_lines
SELECT l.id, l.posting_id FROM posting_line l
LEFT JOIN posting p ON p.id = l.posting_id AND p.project_id = l.project_id
WHERE p.id IS NULL ORDER BY l.id

-- name: ledger_total
SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT), COUNT(*) FROM posting_line

-- name: wrong_balances
SELECT project_id, ledger_account, CAST(SUM(kept) AS BIGINT), CAST(SUM(summed) AS BIGINT) FROM (
    SELECT project_id, ledger_account, balance_fen AS kept, 0 AS summed FROM ledger_balance
    UNION ALL
    SELECT project_id, ledger_account, 0, amount_fen FROM posting_line
) AS both_sides
GROUP BY project_id, ledger_account HAVING SUM(kept) <> SUM(summed) ORDER BY project_id, ledger_account

-- name: wrong_reversals
SELECT r.id, r.reversal_of FROM posting r
JOIN posting_line l ON l.posting_id IN (r.id, r.reversal_of)
WHERE r.reversal_of IS NOT NULL
GROUP BY r.id, r.reversal_of, CASE WHEN l.ledger_account LIKE 'cash:%' THEN 'cash' ELSE l.ledger_account END HAVING SUM(l.amount_fen) <> 0 ORDER BY r.id

-- name: wrong_orders
SELECT o.order_no, o.channel, o.amount_fen,
       (SELECT COUNT(*) FROM payment p WHERE p.order_no = o.order_no) AS payments,
       (SELECT COALESCE(SUM(p.amount_fen), 0) FROM payment p WHERE p.order_no = o.order_no) AS paid_fen,
       (SELECT COUNT(*) FROM subscription s WHERE s.order_no = o.order_no) AS served,
       (SELECT COUNT(*) FROM posting p WHERE p.order_no = o.order_no AND p.kind IN ('sale', 'recharge', 'manual')) AS postings,
       o.plan_version_id
FROM orders o WHERE o.state IN ('paid', 'fulfilled', 'refunding', 'refunded') ORDER BY o.order_no

-- name: wrong_usage
SELECT s.id, s.acct_session_id, s.input_octets, s.output_octets, s.session_seconds,
       CAST(COALESCE(SUM(u.input_octets), 0) AS BIGINT), CAST(COALESCE(SUM(u.output_octets), 0) AS BIGINT),
       CAST(COALESCE(SUM(u.seconds), 0) AS BIGINT)
FROM session_all s LEFT JOIN usage u ON u.session_id = s.id
GROUP BY s.id, s.acct_session_id, s.input_octets, s.output_octets, s.session_seconds
HAVING COALESCE(SUM(u.input_octets), 0) <> s.input_octets OR COALESCE(SUM(u.output_octets), 0) <> s.output_octets
    OR COALESCE(SUM(u.seconds), 0) <> s.session_seconds
ORDER BY s.id

-- name: stray_usage
SELECT DISTINCT u.session_id FROM usage u LEFT JOIN session_all s ON s.id = u.session_id
WHERE s.id IS NULL ORDER BY u.session_id

-- name: sessions_counted
SELECT COUNT(*), CAST(COALESCE(SUM(input_octets), 0) AS BIGINT), CAST(COALESCE(SUM(output_octets), 0) AS BIGINT)
FROM session_all

-- name: twice_open
SELECT nas_id, acct_session_id, COUNT(*) FROM session WHERE stopped_at IS NULL
GROUP BY nas_id, nas_address, acct_session_id HAVING COUNT(*) > 1

-- name: packs
SELECT s.id, s.state, s.octets_left, s.seconds_left, s.granted_octets, s.granted_seconds, v.terms, CAST(COALESCE(SUM(u.input_octets), 0) AS BIGINT),
       CAST(COALESCE(SUM(u.output_octets), 0) AS BIGINT), CAST(COALESCE(SUM(u.seconds), 0) AS BIGINT)
FROM subscription s
JOIN plan_version v ON v.project_id = s.project_id AND v.id = s.plan_version_id
LEFT JOIN usage u ON u.project_id = s.project_id AND u.account_id = s.account_id AND u.subscription_id = s.id
WHERE (s.octets_left IS NOT NULL OR s.seconds_left IS NOT NULL) AND s.state <> 'cancelled'
GROUP BY s.id, s.state, s.octets_left, s.seconds_left, s.granted_octets, s.granted_seconds, v.terms ORDER BY s.id

-- name: chains
SELECT account_id, chain FROM entitlement ORDER BY account_id

-- name: subscriptions
SELECT id, account_id, state, starts_at, ends_at, octets_left, seconds_left FROM subscription
WHERE state NOT IN ('exhausted', 'finished', 'cancelled') ORDER BY id

-- name: session_view_exists
SELECT COUNT(*) FROM sqlite_schema WHERE type = 'view' AND name = 'session_all'

-- name: session_view_exists postgres
SELECT COUNT(*) FROM pg_views WHERE viewname = 'session_all' AND schemaname = current_schema()

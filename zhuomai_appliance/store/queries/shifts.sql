-- Shifts, and what came into and out of their tills.

-- name: begin
INSERT INTO shift (project_id, number, operator, state, opened_at, float_fen, counted, memo, handed_to)
VALUES (:project_id, :number, :operator, 'open', :at, :float_fen, '{}', '', '')
ON CONFLICT (project_id, number) DO NOTHING

-- name: state
SELECT state FROM shift WHERE project_id = :project_id AND number = :number

-- name: open_number
SELECT number FROM shift WHERE project_id = :project_id AND operator = :operator AND state = 'open'

-- name: count_of
SELECT COUNT(*) FROM shift WHERE project_id = :project_id AND operator = :operator

-- name: shifts
SELECT project_id, number, operator, state, opened_at, float_fen, closed_at, expected_fen, counted_fen, counted, memo,
       handed_to, handed_at
FROM shift
WHERE project_id IN (:project_ids)
  AND number = :number -- if number
  AND operator = :operator -- if operator
  AND state = :state -- if state
  AND opened_at >= :from_at -- if from_at
  AND opened_at < :to_at -- if to_at
  AND number || ' ' || project_id > :after -- if after
  AND number || ' ' || project_id < :before -- if before
ORDER BY
  number || ' ' || project_id DESC, -- if newest_first
  number || ' ' || project_id
LIMIT :limit OFFSET :offset

-- name: close
UPDATE shift SET state = 'closed', closed_at = :at, expected_fen = :expected_fen, counted_fen = :counted_fen,
       counted = :counted, memo = :memo
WHERE project_id = :project_id AND number = :number AND state = 'open'

-- name: hand_over
UPDATE shift SET state = 'handed_over', handed_to = :handed_to, handed_at = :at
WHERE project_id = :project_id AND number = :number AND state = 'closed'

-- name: cash_of
SELECT p.kind, CAST(SUM(CASE WHEN l.amount_fen > 0 THEN l.amount_fen ELSE 0 END) AS BIGINT),
       CAST(SUM(CASE WHEN l.amount_fen < 0 THEN -l.amount_fen ELSE 0 END) AS BIGINT)
FROM posting_line l JOIN posting p ON p.id = l.posting_id
WHERE l.project_id = :project_id AND l.ledger_account = :ledger_account
GROUP BY p.kind ORDER BY p.kind

-- name: sold
SELECT o.channel, n.subject, COUNT(DISTINCT o.order_no), CAST(SUM(n.amount_fen - n.discount_fen) AS BIGINT)
FROM orders o JOIN order_line n ON n.project_id = o.project_id AND n.order_no = o.order_no
WHERE o.project_id = :project_id AND o.operator = :operator AND o.paid_at >= :from_at AND o.paid_at < :to_at
GROUP BY o.channel, n.subject ORDER BY o.channel, n.subject

-- name: counted
SELECT COUNT(*) FROM shift

-- name: wrong
SELECT s.project_id, s.number, s.state, s.float_fen, s.expected_fen, s.counted_fen,
       (SELECT CAST(COALESCE(SUM(l.amount_fen), 0) AS BIGINT) FROM posting_line l
        WHERE l.project_id = s.project_id AND l.ledger_account = 'cash:' || s.number)
FROM shift s
WHERE s.state <> 'open' AND s.counted_fen - s.float_fen <> (SELECT COALESCE(SUM(l.amount_fen), 0) FROM posting_line l
        WHERE l.project_id = s.project_id AND l.ledger_account = 'cash:' || s.number)
ORDER BY s.project_id, s.number

-- name: stray
SELECT b.project_id, b.ledger_account FROM ledger_balance b
WHERE b.ledger_account LIKE 'cash:%' AND NOT EXISTS (
    SELECT 1 FROM shift s WHERE s.project_id = b.project_id AND 'cash:' || s.number = b.ledger_account)
ORDER BY b.project_id, b.ledger_account

-- Figures of postings and their sums by day, made from the ledger in the order of the postings. A line that ends with
-- `-- if NAME` is left out unless NAME is asked for.

-- name: mark
SELECT posting_id FROM report_progress WHERE project_id = 0

-- name: set_mark
INSERT INTO report_progress (project_id, posting_id) VALUES (0, :posting_id)
ON CONFLICT (project_id) DO UPDATE SET posting_id = excluded.posting_id

-- name: newest_posting
SELECT MAX(id) FROM posting

-- name: postings_after
SELECT p.id, p.project_id, p.kind, p.posted_at, p.operator, p.reversal_of, o.channel, a.group_id, v.kind
FROM posting p
LEFT JOIN posting r ON r.id = p.reversal_of
LEFT JOIN orders o ON o.order_no = COALESCE(p.order_no, r.order_no)
LEFT JOIN account a ON a.id = o.account_id
LEFT JOIN plan_version v ON v.id = o.plan_version_id
WHERE p.id > :after ORDER BY p.id LIMIT :limit

-- name: portions_between
SELECT p.id, n.subject, n.amount_fen - n.discount_fen
FROM posting p
LEFT JOIN posting r ON r.id = p.reversal_of
JOIN order_line n ON n.project_id = p.project_id AND n.order_no = COALESCE(p.order_no, r.order_no)
WHERE p.id > :after AND p.id <= :upto ORDER BY p.id, n.line_no

-- name: lines_between
SELECT l.posting_id, l.ledger_account, l.amount_fen, o.channel, a.group_id, v.kind
FROM posting_line l
LEFT JOIN subscription s ON s.id = CASE WHEN l.ledger_account LIKE 'deferred:%'
                                        THEN CAST(SUBSTR(l.ledger_account, 10) AS BIGINT) END
LEFT JOIN orders o ON o.order_no = s.order_no
LEFT JOIN plan_version v ON v.id = s.plan_version_id
LEFT JOIN account a ON a.id = CASE WHEN l.ledger_account LIKE 'wallet:%' THEN CAST(SUBSTR(l.ledger_account, 8) AS BIGINT)
                                   WHEN l.ledger_account LIKE 'bonus:%' THEN CAST(SUBSTR(l.ledger_account, 7) AS BIGINT)
                                   ELSE s.account_id END
WHERE l.posting_id > :after AND l.posting_id <= :upto ORDER BY l.posting_id, l.id

-- name: add_figure
INSERT INTO report_figure (project_id, posting_id, measure, subject, day, channel, operator, group_id, plan_kind, amount_fen)
VALUES (:project_id, :posting_id, :measure, :subject, :day, :channel, :operator, :group_id, :plan_kind, :amount_fen)

-- name: add_to_day
INSERT INTO report_day (project_id, day, measure, subject, channel, operator, group_id, plan_kind, amount_fen)
VALUES (:project_id, :day, :measure, :subject, :channel, :operator, :group_id, :plan_kind, :amount_fen)
ON CONFLICT (project_id, day, measure, subject, channel, operator, group_id, plan_kind)
DO UPDATE SET amount_fen = report_day.amount_fen + excluded.amount_fen

-- name: clear_figures
DELETE FROM report_figure

-- name: clear_days
DELETE FROM report_day

-- name: sums_by
SELECT d.day,
  '', -- if by_total
  d.subject, -- if by_subject
  d.channel, -- if by_channel
  d.operator, -- if by_operator
  d.project_id, -- if by_project
  d.group_id, -- if by_group
  d.plan_kind, -- if by_plan_kind
  CAST(SUM(d.amount_fen) AS BIGINT)
FROM report_day d
WHERE d.project_id IN (:project_ids)
  AND d.group_id IN (:group_ids) -- if group_ids
  AND d.measure = :measure
  AND d.day >= :from_day AND d.day < :to_day
GROUP BY 1, 2

-- name: totals
SELECT d.measure, CAST(SUM(d.amount_fen) AS BIGINT)
FROM report_day d
WHERE d.project_id IN (:project_ids)
  AND d.group_id IN (:group_ids) -- if group_ids
  AND d.day >= :from_day -- if from_day
  AND d.day < :to_day -- if to_day
GROUP BY d.measure

-- name: figure_rows
SELECT f.id, f.posting_id, f.project_id, f.measure, f.subject, f.day, f.channel, f.operator, f.group_id, f.plan_kind, f.amount_fen,
       p.kind, p.posted_at, p.order_no, p.reversal_of, p.memo,
       (SELECT a.username FROM orders o JOIN account a ON a.id = o.account_id WHERE o.order_no = p.order_no)
FROM report_figure f JOIN posting p ON p.id = f.posting_id
WHERE f.project_id IN (:project_ids)
  AND f.group_id IN (:group_ids) -- if group_ids
  AND f.measure = :measure -- if measure
  AND f.day >= :from_day -- if from_day
  AND f.day < :to_day -- if to_day
  AND f.subject = :subject -- if subject
  AND f.channel = :channel -- if channel
  AND f.operator = :operator -- if operator
  AND f.group_id = :group_id -- if group_id
  AND f.plan_kind = :plan_kind -- if plan_kind
  AND f.id > :after -- if after
  AND f.id < :before -- if before
ORDER BY
  f.id DESC, -- if newest_first
  f.id
LIMIT :limit OFFSET :offset

-- name: figures_between
SELECT project_id, posting_id, measure, subject, day, channel, operator, group_id, plan_kind, amount_fen
FROM report_figure WHERE posting_id > :after AND posting_id <= :upto

-- name: held
SELECT project_id, CASE WHEN INSTR(ledger_account, ':') > 0 THEN SUBSTR(ledger_account, 1, INSTR(ledger_account, ':') - 1)
                        ELSE ledger_account END, CAST(SUM(balance_fen) AS BIGINT)
FROM ledger_balance WHERE project_id IN (:project_ids) GROUP BY 1, 2

-- name: held postgres
SELECT project_id, SPLIT_PART(ledger_account, ':', 1), CAST(SUM(balance_fen) AS BIGINT)
FROM ledger_balance WHERE project_id IN (:project_ids) GROUP BY 1, 2

-- name: figures_of_days
SELECT f.project_id, f.day, f.measure, CAST(SUM(f.amount_fen) AS BIGINT)
FROM report_figure f GROUP BY f.project_id, f.day, f.measure

-- name: days_of_days
SELECT d.project_id, d.day, d.measure, CAST(SUM(d.amount_fen) AS BIGINT)
FROM report_day d GROUP BY d.project_id, d.day, d.measure

-- name: budgets
SELECT b.project_id, b.month, b.side, b.subject, b.amount_fen
FROM budget b
WHERE b.project_id IN (:project_ids)
  AND b.month >= :from_month -- if from_month
  AND b.month <= :to_month -- if to_month
ORDER BY b.project_id, b.month, b.side, b.subject

-- name: put_budget
INSERT INTO budget (project_id, month, side, subject, amount_fen) VALUES (:project_id, :month, :side, :subject, :amount_fen)
ON CONFLICT (project_id, month, side, subject) DO UPDATE SET amount_fen = excluded.amount_fen

-- name: drop_budget
DELETE FROM budget WHERE project_id = :project_id AND month = :month AND side = :side AND subject = :subject

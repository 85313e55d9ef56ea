-- Receipts and their series.

-- name: unuse
UPDATE receipt_series SET is_used = 0 WHERE project_id = :project_id AND is_used = 1

-- name: put_series
INSERT INTO receipt_series (project_id, prefix, digits, next_serial, title, note, is_used)
VALUES (:project_id, :prefix, :digits, 1, :title, :note, 1)
ON CONFLICT (project_id, prefix) DO UPDATE SET title = excluded.title, note = excluded.note, is_used = 1

-- name: series
SELECT project_id, prefix, digits, title, note, next_serial FROM receipt_series WHERE project_id = :project_id AND is_used = 1

-- name: series_of
SELECT s.project_id, s.prefix, s.digits, s.title, s.note, s.next_serial FROM receipt_series s
JOIN receipt r ON r.project_id = s.project_id AND r.prefix = s.prefix WHERE r.project_id = :project_id AND r.number = :number

-- name: take
UPDATE receipt_series SET next_serial = next_serial + 1 WHERE project_id = :project_id AND is_used = 1
RETURNING prefix, digits, next_serial - 1

-- name: add
INSERT INTO receipt (project_id, number, prefix, serial, order_no, amount_fen, issued_at, issued_by, buyer, tax_no, prints, voided_by,
       void_reason)
VALUES (:project_id, :number, :prefix, :serial, :order_no, :amount_fen, :at, :issued_by, '', '', 0, '', '')

-- name: void
UPDATE receipt SET voided_at = :at, voided_by = :voided_by, void_reason = :reason
WHERE project_id = :project_id AND number = :number AND voided_at IS NULL

-- name: print
UPDATE receipt SET prints = prints + 1, buyer = :buyer, tax_no = :tax_no WHERE project_id = :project_id AND number = :number

-- name: receipts
SELECT project_id, number, order_no, amount_fen, issued_at, issued_by, buyer, tax_no, prints, voided_at, voided_by, void_reason
FROM receipt
WHERE project_id IN (:project_ids)
  AND number = :number -- if number
  AND order_no = :order_no -- if order_no
  AND issued_by = :issued_by -- if issued_by
  AND issued_at >= :from_at -- if from_at
  AND issued_at < :to_at -- if to_at
  AND number || ' ' || project_id > :after -- if after
  AND number || ' ' || project_id < :before -- if before
ORDER BY
  number || ' ' || project_id DESC, -- if newest_first
  number || ' ' || project_id
LIMIT :limit OFFSET :offset

-- name: counted
SELECT COUNT(*) FROM receipt

-- name: gaps
SELECT s.project_id, s.prefix, s.next_serial - 1, COUNT(r.number), COALESCE(MAX(r.serial), 0)
FROM receipt_series s LEFT JOIN receipt r ON r.project_id = s.project_id AND r.prefix = s.prefix
GROUP BY s.project_id, s.prefix, s.next_serial
HAVING COUNT(r.number) <> s.next_serial - 1 OR COALESCE(MAX(r.serial), 0) <> s.next_serial - 1 ORDER BY s.project_id, s.prefix

-- name: wrong_amounts
SELECT r.number, r.amount_fen, o.amount_fen FROM receipt r JOIN orders o ON o.order_no = r.order_no
WHERE r.amount_fen <> o.amount_fen ORDER BY r.number

-- Recharge cards: batches, spans, single cards, wrong tries.

-- name: next_batch_no
SELECT COALESCE(MAX(batch_no), 0) + 1 FROM card_batch WHERE project_id = :project_id

-- name: insert_batch
INSERT INTO card_batch (project_id, batch_no, code, kind, face_fen, plan_version_id, cards, made, pin_digits, seed_sealed,
       expires_at, state, memo, created_at, created_by, exported_at, exported_by)
VALUES (:project_id, :batch_no, :code, :kind, :face_fen, :plan_version_id, :cards, 0, :pin_digits, NULL,
       :expires_at, 'making', :memo, :at, :created_by, NULL, '')
RETURNING id

-- name: set_seed
UPDATE card_batch SET seed_sealed = :seed_sealed WHERE project_id = :project_id AND id = :id

-- name: batch
SELECT id, project_id, batch_no, code, kind, face_fen, plan_version_id, cards, made, pin_digits, expires_at, state, memo,
       created_at, created_by, exported_at, exported_by
FROM card_batch WHERE project_id = :project_id AND id = :id

-- name: batches
SELECT id, project_id, batch_no, code, kind, face_fen, plan_version_id, cards, made, pin_digits, expires_at, state, memo,
       created_at, created_by, exported_at, exported_by
FROM card_batch
WHERE project_id IN (:project_ids)
  AND id = :id -- if id
  AND code = :code -- if code
  AND kind = :kind -- if kind
  AND id > :after -- if after
  AND id < :before -- if before
ORDER BY
  id DESC, -- if newest_first
  id
LIMIT :limit OFFSET :offset

-- name: unfinished
SELECT project_id, id FROM card_batch WHERE state = 'making' ORDER BY id

-- name: overdue
SELECT s.project_id, s.batch_id, s.id FROM card_batch b JOIN card_span s ON s.project_id = b.project_id AND s.batch_id = b.id
WHERE b.expires_at IS NOT NULL AND b.expires_at <= :now AND s.state IN ('generated', 'active')
ORDER BY s.id LIMIT :limit

-- name: seed
SELECT seed_sealed FROM card_batch WHERE project_id = :project_id AND id = :id

-- name: insert_cards
INSERT INTO card (project_id, number, batch_id, pin_digest, state)
SELECT :project_id, n.value ->> 0, :batch_id, n.value ->> 1, 'open' FROM json_each(:rows) n

-- name: insert_cards postgres
INSERT INTO card (project_id, number, batch_id, pin_digest, state)
SELECT :project_id, n.value ->> 0, :batch_id, n.value ->> 1, 'open' FROM jsonb_array_elements(:rows::jsonb) n

-- name: grow_batch
UPDATE card_batch SET made = :made, state = :state
WHERE project_id = :project_id AND id = :id AND made = :before AND state = 'making'

-- name: take_seed
UPDATE card_batch SET seed_sealed = NULL, exported_at = :at, exported_by = :operator
WHERE project_id = :project_id AND id = :id AND state = 'ready' AND exported_at IS NULL

-- name: set_expiry
UPDATE card_batch SET expires_at = :expires_at WHERE project_id = :project_id AND id = :id

-- name: insert_span
INSERT INTO card_span (project_id, batch_id, first_serial, last_serial, first_number, last_number, state, used, paid_fen,
       agent_id, changed_at)
VALUES (:project_id, :batch_id, :first_serial, :last_serial, :first_number, :last_number, :state, :used, :paid_fen,
       :agent_id, :at)
RETURNING id

-- name: set_span
UPDATE card_span SET first_serial = :first_serial, last_serial = :last_serial, first_number = :first_number,
       last_number = :last_number, state = :state, used = :used, paid_fen = :paid_fen, agent_id = :agent_id,
       changed_at = :at
WHERE project_id = :project_id AND id = :id

-- name: spans
SELECT id, batch_id, first_serial, last_serial, first_number, last_number, state, used, paid_fen, agent_id, changed_at
FROM card_span WHERE project_id = :project_id AND batch_id = :batch_id ORDER BY first_serial

-- name: span_of
SELECT id, batch_id, first_serial, last_serial, first_number, last_number, state, used, paid_fen, agent_id, changed_at
FROM card_span WHERE project_id = :project_id AND batch_id = :batch_id AND first_number <= :number AND last_number >= :number

-- name: count_cards
SELECT COUNT(*) FROM card WHERE project_id = :project_id AND number >= :first_number AND number <= :last_number
  AND state = 'used'

-- name: redeem
UPDATE card SET state = 'used', account_id = :account_id, changed_at = :now
WHERE project_id = :project_id AND number = :number AND pin_digest = :pin_digest AND state = 'open'
  AND EXISTS (SELECT 1 FROM card_span s JOIN card_batch b ON b.project_id = s.project_id AND b.id = s.batch_id
              WHERE s.project_id = card.project_id AND s.batch_id = card.batch_id AND s.state = 'active'
                AND s.first_number <= card.number AND s.last_number >= card.number
                AND (b.expires_at IS NULL OR b.expires_at > :now))
RETURNING batch_id

-- name: count_used
UPDATE card_span SET used = used + :more WHERE project_id = :project_id AND id = :id

-- name: set_order
UPDATE card SET order_no = :order_no WHERE project_id = :project_id AND number = :number

-- name: undo
UPDATE card SET state = 'open', account_id = NULL, order_no = NULL, changed_at = :at
WHERE project_id = :project_id AND number = :number AND state = 'used'

-- name: digest
SELECT pin_digest FROM card WHERE project_id = :project_id AND number = :number

-- name: card
SELECT c.number, c.project_id, c.batch_id, CASE WHEN c.state = 'open' THEN COALESCE(s.state, 'generated') ELSE c.state END,
       c.account_id, c.order_no, c.changed_at,
       (SELECT b.code FROM card_batch b WHERE b.project_id = c.project_id AND b.id = c.batch_id),
       (SELECT a.username FROM account a WHERE a.id = c.account_id)
FROM card c LEFT JOIN card_span s ON s.project_id = c.project_id AND s.batch_id = c.batch_id
     AND s.first_number <= c.number AND s.last_number >= c.number
WHERE c.project_id = :project_id AND c.number = :number

-- name: card_of_order
SELECT number FROM card WHERE project_id = :project_id AND order_no = :order_no

-- name: cards
SELECT c.number, c.project_id, c.batch_id, CASE WHEN c.state = 'open' THEN COALESCE(s.state, 'generated') ELSE c.state END,
       c.account_id, c.order_no, c.changed_at,
       (SELECT b.code FROM card_batch b WHERE b.project_id = c.project_id AND b.id = c.batch_id),
       (SELECT a.username FROM account a WHERE a.id = c.account_id)
FROM card c LEFT JOIN card_span s ON s.project_id = c.project_id AND s.batch_id = c.batch_id
     AND s.first_number <= c.number AND s.last_number >= c.number
WHERE c.project_id IN (:project_ids)
  AND c.number = :number -- if number
  AND c.number >= :first_number -- if first_number
  AND c.number <= :last_number -- if last_number
  AND c.account_id = :account_id -- if account_id
  AND CASE WHEN c.state = 'open' THEN COALESCE(s.state, 'generated') ELSE c.state END = :state -- if state
  AND c.number > :after -- if after
  AND c.number < :before -- if before
ORDER BY
  c.number DESC, -- if newest_first
  c.number
LIMIT :limit OFFSET :offset

-- name: tries
SELECT COUNT(*), MIN(at) FROM (SELECT at FROM card_try
    WHERE project_id = :project_id AND scope = :scope AND subject = :subject AND at > :since
    ORDER BY at DESC LIMIT :limit) AS latest

-- name: insert_try
INSERT INTO card_try (project_id, scope, subject, at) VALUES (:project_id, :scope, :subject, :at)

-- name: drop_tries
DELETE FROM card_try WHERE at <= :before

-- name: wrong_liability
SELECT b.code, b.project_id, CAST(COALESCE(SUM((s.last_serial - s.first_serial + 1 - s.used) * b.face_fen), 0) AS BIGINT),
       COALESCE((SELECT -l.balance_fen FROM ledger_balance l WHERE l.project_id = b.project_id
                 AND l.ledger_account = 'card_liability:' || b.code), 0)
FROM card_batch b LEFT JOIN card_span s ON s.project_id = b.project_id AND s.batch_id = b.id AND s.state = 'active'
GROUP BY b.code, b.project_id
HAVING CAST(COALESCE(SUM((s.last_serial - s.first_serial + 1 - s.used) * b.face_fen), 0) AS BIGINT)
    <> COALESCE((SELECT -l.balance_fen FROM ledger_balance l WHERE l.project_id = b.project_id
                 AND l.ledger_account = 'card_liability:' || b.code), 0)
ORDER BY b.code

-- name: stray_liability
SELECT l.project_id, l.ledger_account, l.balance_fen FROM ledger_balance l
WHERE l.ledger_account LIKE 'card_liability:%' AND l.balance_fen <> 0
  AND NOT EXISTS (SELECT 1 FROM card_batch b WHERE b.project_id = l.project_id AND l.ledger_account = 'card_liability:' || b.code)
ORDER BY l.project_id, l.ledger_account

-- name: wrong_spans
SELECT b.code, b.cards, b.made, CAST(COALESCE(SUM(s.last_serial - s.first_serial + 1), 0) AS BIGINT), MIN(s.first_serial),
       MAX(s.last_serial)
FROM card_batch b LEFT JOIN card_span s ON s.project_id = b.project_id AND s.batch_id = b.id
WHERE b.state = 'ready'
GROUP BY b.code, b.cards, b.made
HAVING COALESCE(SUM(s.last_serial - s.first_serial + 1), 0) <> b.cards OR b.made <> b.cards
    OR COALESCE(MIN(s.first_serial), 0) <> 1 OR COALESCE(MAX(s.last_serial), 0) <> b.cards
ORDER BY b.code

-- name: wrong_counts
SELECT b.code, s.first_serial, s.last_serial, s.used,
       (SELECT COUNT(*) FROM card c WHERE c.project_id = s.project_id AND c.number >= s.first_number
          AND c.number <= s.last_number AND c.state = 'used') AS found_used,
       (SELECT COUNT(*) FROM card c WHERE c.project_id = s.project_id AND c.number >= s.first_number
          AND c.number <= s.last_number AND c.batch_id = s.batch_id) AS found_all
FROM card_span s JOIN card_batch b ON b.project_id = s.project_id AND b.id = s.batch_id
ORDER BY b.code, s.first_serial

-- name: wrong_redemptions
SELECT c.number, c.account_id, c.order_no, o.account_id, o.amount_fen, o.channel, b.face_fen
FROM card c JOIN card_batch b ON b.project_id = c.project_id AND b.id = c.batch_id
LEFT JOIN orders o ON o.project_id = c.project_id AND o.order_no = c.order_no
WHERE c.state = 'used' AND (o.order_no IS NULL OR o.account_id <> c.account_id OR o.amount_fen <> b.face_fen
      OR o.channel <> 'CARD')
ORDER BY c.number

-- name: cards_counted
SELECT COUNT(*), CAST(COALESCE(SUM(cards), 0) AS BIGINT) FROM card_batch

-- What an order consists of, how it went, and how much of a purchase was paid with gift money.

ALTER TABLE subscription ADD COLUMN paid_bonus_fen {bigint} NOT NULL DEFAULT 0 CHECK (paid_bonus_fen >= 0);
-- What it began with where that is not the plan's own allowance: several periods at once, gifts. NULL: the plan's.
ALTER TABLE subscription ADD COLUMN granted_octets {bigint};
ALTER TABLE subscription ADD COLUMN granted_seconds {bigint};
CREATE INDEX subscription_order ON subscription (order_no) WHERE order_no IS NOT NULL;

ALTER TABLE orders ADD COLUMN kind TEXT NOT NULL DEFAULT 'plan';
UPDATE orders SET kind = 'recharge' WHERE plan_version_id IS NULL;
-- Gift money that a recharge brought, and what of an order was given back so far.
ALTER TABLE orders ADD COLUMN bonus_fen {bigint} NOT NULL DEFAULT 0 CHECK (bonus_fen >= 0);
ALTER TABLE orders ADD COLUMN refunded_fen {bigint} NOT NULL DEFAULT 0 CHECK (refunded_fen >= 0);
ALTER TABLE orders ADD COLUMN payer_id {bigint};     -- the account whose wallet paid; NULL: the order's own
ALTER TABLE orders ADD COLUMN agent_id {bigint};     -- who sold it; NULL: the school itself

-- Each line has exactly one income subject. What is paid for it is amount_fen - discount_fen.
CREATE TABLE order_line (
    project_id {bigint} NOT NULL,
    order_no TEXT NOT NULL REFERENCES orders (order_no),
    line_no {bigint} NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    amount_fen {bigint} NOT NULL,
    discount_fen {bigint} NOT NULL,
    discount TEXT NOT NULL,                -- name of the template that took it off; empty: none
    PRIMARY KEY (project_id, order_no, line_no)
) {strict};
CREATE INDEX order_line_subject ON order_line (project_id, subject);

-- Every state that an order came into, and who brought it there; only ever added to.
CREATE TABLE order_step (
    project_id {bigint} NOT NULL,
    order_no TEXT NOT NULL REFERENCES orders (order_no),
    step_no {bigint} NOT NULL,
    state TEXT NOT NULL,
    at {bigint} NOT NULL,
    operator TEXT NOT NULL,
    memo TEXT NOT NULL,
    PRIMARY KEY (project_id, order_no, step_no)
) {strict};

INSERT INTO order_step (project_id, order_no, step_no, state, at, operator, memo)
SELECT project_id, order_no, 1, state, COALESCE(paid_at, created_at), operator, memo FROM orders;

-- engine: sqlite
INSERT INTO order_line (project_id, order_no, line_no, subject, text, amount_fen, discount_fen, discount)
SELECT o.project_id, o.order_no, 1, CASE WHEN v.id IS NULL THEN 'recharge' ELSE COALESCE(v.terms ->> 'subject', v.kind) END,
       COALESCE(p.name, ''), o.amount_fen, 0, ''
FROM orders o LEFT JOIN plan_version v ON v.id = o.plan_version_id LEFT JOIN plan p ON p.id = v.plan_id;
-- engine: postgres
INSERT INTO order_line (project_id, order_no, line_no, subject, text, amount_fen, discount_fen, discount)
SELECT o.project_id, o.order_no, 1, CASE WHEN v.id IS NULL THEN 'recharge' ELSE COALESCE(v.terms::jsonb ->> 'subject', v.kind) END,
       COALESCE(p.name, ''), o.amount_fen, 0, ''
FROM orders o LEFT JOIN plan_version v ON v.id = o.plan_version_id LEFT JOIN plan p ON p.id = v.plan_id;
-- engine: any

-- Recharge cards. A batch is parted into spans that were sold, voided or expired together; a card's own row says only
-- whether it was redeemed. Of a PIN the books hold a keyed digest; the seed that PINs were drawn from lies sealed until the
-- one export, and is gone then.

CREATE TABLE card_batch (
    id {pk},
    project_id {bigint} NOT NULL REFERENCES project (id),
    batch_no {bigint} NOT NULL,
    code TEXT NOT NULL,                    -- 1-00042: the key of the ledger account card_liability
    kind TEXT NOT NULL CHECK (kind IN ('value', 'plan')),
    face_fen {bigint} NOT NULL CHECK (face_fen > 0),
    plan_version_id {bigint},
    cards {bigint} NOT NULL CHECK (cards > 0),
    made {bigint} NOT NULL CHECK (made >= 0),
    pin_digits {bigint} NOT NULL CHECK (pin_digits >= 12),
    seed_sealed {blob},                    -- NULL: exported, or withdrawn
    expires_at {bigint},
    state TEXT NOT NULL CHECK (state IN ('making', 'ready')),
    memo TEXT NOT NULL,
    created_at {bigint} NOT NULL,
    created_by TEXT NOT NULL,
    exported_at {bigint},
    exported_by TEXT NOT NULL,
    UNIQUE (project_id, batch_no),
    UNIQUE (project_id, id),
    FOREIGN KEY (project_id, plan_version_id) REFERENCES plan_version (project_id, id)
) {strict};
CREATE INDEX card_batch_expiry ON card_batch (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE card (
    project_id {bigint} NOT NULL,
    number TEXT NOT NULL,                  -- begins with the project's number, so it is unique over all
    batch_id {bigint} NOT NULL,
    pin_digest TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'used')),   -- open: as its span says
    account_id {bigint},
    order_no TEXT,
    changed_at {bigint},
    PRIMARY KEY (project_id, number),
    FOREIGN KEY (project_id, batch_id) REFERENCES card_batch (project_id, id)
) {strict};
CREATE INDEX card_account ON card (project_id, account_id) WHERE account_id IS NOT NULL;
CREATE INDEX card_order ON card (order_no) WHERE order_no IS NOT NULL;

CREATE TABLE card_span (
    id {pk},
    project_id {bigint} NOT NULL,
    batch_id {bigint} NOT NULL,
    first_serial {bigint} NOT NULL,
    last_serial {bigint} NOT NULL,
    first_number TEXT NOT NULL,
    last_number TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('generated', 'active', 'void', 'expired')),
    used {bigint} NOT NULL CHECK (used >= 0),
    paid_fen {bigint} NOT NULL CHECK (paid_fen >= 0),
    agent_id {bigint},
    changed_at {bigint} NOT NULL,
    CHECK (first_serial <= last_serial),
    UNIQUE (project_id, batch_id, first_serial),
    FOREIGN KEY (project_id, batch_id) REFERENCES card_batch (project_id, id)
) {strict};

-- Wrong PINs of the last hour, by what they are counted for: a card, an account, an address.
CREATE TABLE card_try (
    id {pk},
    project_id {bigint} NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('card', 'account', 'address')),
    subject TEXT NOT NULL,
    at {bigint} NOT NULL
) {strict};
CREATE INDEX card_try_subject ON card_try (project_id, scope, subject, at);
CREATE INDEX card_try_time ON card_try (at);

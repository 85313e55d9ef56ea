-- Renewing by itself from the wallet, what was renewed by it, and what people are told once.

CREATE TABLE auto_renewal (
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    plan_id {bigint},                       -- another plan takes over at the end; NULL: the same again
    next_look_at {bigint} NOT NULL,
    operator TEXT NOT NULL,
    asked_at {bigint} NOT NULL,
    PRIMARY KEY (project_id, account_id),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id)
) {strict};
CREATE INDEX auto_renewal_look ON auto_renewal (next_look_at);

CREATE TABLE renewal (
    project_id {bigint} NOT NULL,
    subscription_id {bigint} NOT NULL,      -- what was renewed: once
    period_no {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    order_no TEXT NOT NULL,
    renewed_at {bigint} NOT NULL,
    PRIMARY KEY (project_id, subscription_id, period_no)
) {strict};

CREATE TABLE notice (
    id {pk},
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    key TEXT NOT NULL,                      -- what it is about; once
    kind TEXT NOT NULL,
    facts TEXT NOT NULL,                    -- JSON
    made_at {bigint} NOT NULL,
    seen_at {bigint},
    UNIQUE (project_id, key),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id)
) {strict};
CREATE INDEX notice_account ON notice (project_id, account_id, id);

-- Refunds on their way from a request to the money, and every state they came into.

CREATE TABLE refund (
    id {pk},
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    payee_id {bigint} NOT NULL,            -- the account whose wallet it goes through
    subscription_id {bigint},              -- NULL: what the wallet holds is paid out
    order_no TEXT,
    destination TEXT NOT NULL CHECK (destination IN ('wallet', 'cash', 'bank', 'channel', 'agent')),
    amount_fen {bigint} NOT NULL CHECK (amount_fen >= 0),
    forfeited_fen {bigint} NOT NULL CHECK (forfeited_fen >= 0),
    formula TEXT NOT NULL,                 -- JSON
    state TEXT NOT NULL CHECK (state IN ('requested', 'approved', 'paid', 'failed', 'rejected', 'reversed')),
    is_held {bigint} NOT NULL,             -- 1: the money lies in clearing:refund:<id>
    reason TEXT NOT NULL,
    bank_sealed {blob},
    batch_id {bigint},
    list_no {bigint},                      -- the list for the bank that it stands on
    requested_by TEXT NOT NULL,
    requested_at {bigint} NOT NULL,
    decided_by TEXT NOT NULL,
    decided_at {bigint},
    finished_at {bigint},
    failure TEXT NOT NULL,
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id),
    FOREIGN KEY (project_id, payee_id) REFERENCES account (project_id, id)
) {strict};
CREATE INDEX refund_account ON refund (project_id, account_id);
CREATE INDEX refund_open ON refund (project_id, state) WHERE state IN ('requested', 'approved', 'failed');
-- One refund at a time of one purchase
CREATE UNIQUE INDEX refund_subscription ON refund (project_id, subscription_id)
WHERE subscription_id IS NOT NULL AND state IN ('requested', 'approved', 'paid');
CREATE UNIQUE INDEX refund_batch ON refund (project_id, batch_id, account_id) WHERE batch_id IS NOT NULL;

CREATE TABLE refund_step (
    project_id {bigint} NOT NULL,
    refund_id {bigint} NOT NULL REFERENCES refund (id),
    step_no {bigint} NOT NULL,
    state TEXT NOT NULL,
    at {bigint} NOT NULL,
    operator TEXT NOT NULL,
    memo TEXT NOT NULL,
    PRIMARY KEY (project_id, refund_id, step_no)
) {strict};

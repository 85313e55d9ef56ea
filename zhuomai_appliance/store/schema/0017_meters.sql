-- What metered use of an account came to in one calendar month, by subscription: exact, so that the charge is one floor.

CREATE TABLE meter (
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    subscription_id {bigint} NOT NULL,
    month {bigint} NOT NULL,                -- the local day on which it begins, counted from 1970-01-01
    amount {bigint} NOT NULL CHECK (amount >= 0),                  -- octets or seconds at the plan's price and its tiers
    window_weight {bigint} NOT NULL CHECK (window_weight >= 0),    -- octets or seconds times the price of their window
    charged_fen {bigint} NOT NULL CHECK (charged_fen >= 0),
    overshoot_fen {bigint} NOT NULL CHECK (overshoot_fen >= 0),    -- due, and beyond balance or limit: never charged
    posted_fen {bigint} NOT NULL CHECK (posted_fen >= 0),          -- of charged_fen, in the ledger
    written_off_fen {bigint} NOT NULL CHECK (written_off_fen >= 0),
    free_day {bigint} NOT NULL,             -- the last local day of use in a free window, 0 without
    free_octets {bigint} NOT NULL CHECK (free_octets >= 0),
    PRIMARY KEY (project_id, account_id, subscription_id, month),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id)
) {strict};
CREATE INDEX meter_pending ON meter (project_id, account_id)
    WHERE charged_fen > posted_fen OR overshoot_fen > written_off_fen;

-- The most that somebody wants to spend in a calendar month (消费上限); also the operator's for him.
CREATE TABLE spending_limit (
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    limit_fen {bigint} NOT NULL CHECK (limit_fen >= 0),
    set_at {bigint} NOT NULL,
    set_by TEXT NOT NULL,
    PRIMARY KEY (project_id, account_id),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id) ON DELETE CASCADE
) {strict};

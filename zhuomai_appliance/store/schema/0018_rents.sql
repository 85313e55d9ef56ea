-- Rent that is taken day by day: how many days of a calendar month, and what they came to, by subscription.

CREATE TABLE rent (
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    subscription_id {bigint} NOT NULL,
    month {bigint} NOT NULL,                -- the local day on which it begins, counted from 1970-01-01
    days {bigint} NOT NULL CHECK (days >= 0),
    last_day {bigint} NOT NULL,             -- the last local day that was paid
    charged_fen {bigint} NOT NULL CHECK (charged_fen >= 0),
    bonus_fen {bigint} NOT NULL CHECK (bonus_fen >= 0),    -- of charged_fen, paid with gift money
    PRIMARY KEY (project_id, subscription_id, month),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id)
) {strict};

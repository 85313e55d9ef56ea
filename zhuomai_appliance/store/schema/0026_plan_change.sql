-- Changes of plan within a period: what a later change in the same period counts from, and how many there were.

CREATE TABLE plan_change (
    id {pk},
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    from_subscription_id {bigint} NOT NULL,
    to_subscription_id {bigint} NOT NULL,
    direction TEXT NOT NULL,                -- up, down, other
    mode TEXT NOT NULL,                     -- keep_end, restart
    period_starts_at {bigint} NOT NULL,     -- when the period began that was first bought
    total {bigint} NOT NULL,                -- days, or seconds, of that period
    changed_at {bigint} NOT NULL,
    operator TEXT NOT NULL,
    UNIQUE (project_id, id),
    UNIQUE (project_id, to_subscription_id),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id)
) {strict};
CREATE INDEX plan_change_account ON plan_change (project_id, account_id);

-- 停机保号: one row for each suspension of an account; and what earnings need to know of pauses.

CREATE TABLE suspension (
    id {pk},
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    batch_id {bigint},                      -- of a holiday batch; NULL: asked for alone
    state TEXT NOT NULL,                    -- planned, running, over, cancelled
    begins_at {bigint} NOT NULL,
    resumes_at {bigint},                    -- the latest end: a planned date or the plan's limit; NULL: no limit
    on_login {bigint} NOT NULL,             -- 1: the next login resumes
    min_days {bigint} NOT NULL,
    most_days {bigint},
    keep_fee_fen {bigint} NOT NULL CHECK (keep_fee_fen >= 0),   -- for each month begun
    fee_months {bigint} NOT NULL DEFAULT 0, -- how many of them are paid
    ended_at {bigint},
    days {bigint} NOT NULL DEFAULT 0,       -- by how many days ends moved
    why TEXT NOT NULL DEFAULT '',           -- why it ended: desk, planned, login, keep_fee, undone
    operator TEXT NOT NULL,
    reason TEXT NOT NULL,
    asked_at {bigint} NOT NULL,
    UNIQUE (project_id, id),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id)
) {strict};
CREATE UNIQUE INDEX suspension_open ON suspension (project_id, account_id) WHERE state IN ('planned', 'running');
CREATE INDEX suspension_account ON suspension (project_id, account_id, begins_at);
CREATE INDEX suspension_due ON suspension (state, begins_at);

ALTER TABLE subscription ADD COLUMN paused_days {bigint} NOT NULL DEFAULT 0 CHECK (paused_days >= 0);
ALTER TABLE subscription ADD COLUMN suspended_at {bigint};

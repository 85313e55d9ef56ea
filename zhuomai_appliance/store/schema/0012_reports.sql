-- Reports: what each posting means, and the sums by local day. Both are made from the ledger and can be made anew.

CREATE TABLE report_progress (
    project_id {bigint} PRIMARY KEY,       -- 0: postings are numbered over all projects
    posting_id {bigint} NOT NULL           -- figures are made up to this posting
) {strict};

CREATE TABLE report_figure (
    id {pk},
    project_id {bigint} NOT NULL,
    posting_id {bigint} NOT NULL REFERENCES posting (id),
    measure TEXT NOT NULL,
    subject TEXT NOT NULL,
    day {bigint} NOT NULL,                 -- local day of the posting
    channel TEXT NOT NULL,                 -- of the order; '' for none
    operator TEXT NOT NULL,
    group_id {bigint} NOT NULL,            -- the account's at that time; 0 for none
    plan_kind TEXT NOT NULL,
    amount_fen {bigint} NOT NULL CHECK (amount_fen <> 0),
    UNIQUE (posting_id, measure, subject)
) {strict};
CREATE INDEX report_figure_day ON report_figure (project_id, measure, day);

CREATE TABLE report_day (
    project_id {bigint} NOT NULL,
    day {bigint} NOT NULL,
    measure TEXT NOT NULL,
    subject TEXT NOT NULL,
    channel TEXT NOT NULL,
    operator TEXT NOT NULL,
    group_id {bigint} NOT NULL,
    plan_kind TEXT NOT NULL,
    amount_fen {bigint} NOT NULL,
    PRIMARY KEY (project_id, day, measure, subject, channel, operator, group_id, plan_kind)
) {strict};

CREATE TABLE budget (
    project_id {bigint} NOT NULL REFERENCES project (id),
    month TEXT NOT NULL,                   -- 2026-09
    side TEXT NOT NULL CHECK (side IN ('income', 'expense')),
    subject TEXT NOT NULL,
    amount_fen {bigint} NOT NULL CHECK (amount_fen >= 0),
    PRIMARY KEY (project_id, month, side, subject)
) {strict};

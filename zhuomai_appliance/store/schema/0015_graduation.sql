-- Batches of people who leave, with a frozen statement for each of them.

CREATE TABLE graduation (
    id {pk},
    project_id {bigint} NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
    cut_off_at {bigint} NOT NULL,
    access_version_id {bigint},
    stay_group_id {bigint},
    state TEXT NOT NULL CHECK (state IN ('preparing', 'prepared', 'approved')),
    created_at {bigint} NOT NULL,
    created_by TEXT NOT NULL,
    approved_at {bigint},
    approved_by TEXT NOT NULL,
    UNIQUE (project_id, name),
    UNIQUE (project_id, id)
) {strict};

CREATE TABLE graduation_row (
    project_id {bigint} NOT NULL,
    batch_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    wallet_fen {bigint} NOT NULL,
    unused_fen {bigint} NOT NULL,
    packs_fen {bigint} NOT NULL,
    debt_fen {bigint} NOT NULL,
    settlements TEXT NOT NULL,             -- JSON: each purchase and how its unused value was found
    bank_sealed {blob},
    state TEXT NOT NULL CHECK (state IN ('stated', 'done', 'failed')),
    failure TEXT NOT NULL,
    refund_id {bigint},
    done_at {bigint},
    PRIMARY KEY (project_id, batch_id, account_id),
    FOREIGN KEY (project_id, batch_id) REFERENCES graduation (project_id, id),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id)
) {strict};
CREATE INDEX graduation_row_account ON graduation_row (project_id, account_id);

-- Subjects of income and expense as a tree, and what the school itself spends (features E07, E23).

CREATE TABLE subject (
    project_id {bigint} NOT NULL REFERENCES project (id),
    code TEXT NOT NULL,                    -- the ledger's: revenue:<code>, expense:<code>
    name TEXT NOT NULL,
    parent TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('income', 'expense')),
    disabled {bigint} NOT NULL,
    PRIMARY KEY (project_id, code),
    FOREIGN KEY (project_id, parent) REFERENCES subject (project_id, code)
) {strict};

CREATE TABLE expense (
    id {pk},
    project_id {bigint} NOT NULL,
    subject TEXT NOT NULL,
    amount_fen {bigint} NOT NULL CHECK (amount_fen > 0),
    source TEXT NOT NULL CHECK (source IN ('till', 'bank')),
    voucher_no TEXT NOT NULL,              -- of the paper; empty: none
    memo TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('requested', 'posted', 'rejected', 'reversed')),
    requested_by TEXT NOT NULL,
    requested_at {bigint} NOT NULL,
    decided_by TEXT NOT NULL,              -- empty: small enough for one person
    decided_at {bigint},
    posting_id {bigint},
    FOREIGN KEY (project_id, subject) REFERENCES subject (project_id, code)
) {strict};
CREATE INDEX expense_requested ON expense (project_id, requested_at);
CREATE UNIQUE INDEX expense_posting ON expense (posting_id) WHERE posting_id IS NOT NULL;

-- What plans earn under so far
-- engine: sqlite
INSERT INTO subject (project_id, code, name, parent, kind, disabled)
SELECT DISTINCT project_id, COALESCE(NULLIF(terms ->> 'subject', ''), kind), COALESCE(NULLIF(terms ->> 'subject', ''), kind), NULL, 'income', 0
FROM plan_version;
-- engine: postgres
INSERT INTO subject (project_id, code, name, parent, kind, disabled)
SELECT DISTINCT project_id, COALESCE(NULLIF(terms::jsonb ->> 'subject', ''), kind), COALESCE(NULLIF(terms::jsonb ->> 'subject', ''), kind), NULL, 'income', 0
FROM plan_version;
-- engine: any

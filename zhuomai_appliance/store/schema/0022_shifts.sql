-- Shifts (交接班): each till of the ledger, cash:<number>, from the first cash to the counting and the hand-over.

CREATE TABLE shift (
    project_id {bigint} NOT NULL REFERENCES project (id),
    number TEXT NOT NULL,                  -- of the first shift the operator's name, then name#2, name#3
    operator TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'handed_over')),
    opened_at {bigint} NOT NULL,
    float_fen {bigint} NOT NULL CHECK (float_fen >= 0),   -- what lay in the drawer at the beginning; no posting
    closed_at {bigint},
    expected_fen {bigint},                 -- float + cash in - cash out
    counted_fen {bigint},
    counted TEXT NOT NULL,                 -- JSON: how many of each note and coin, by its fen
    memo TEXT NOT NULL,
    handed_to TEXT NOT NULL,               -- who signed for the drawer
    handed_at {bigint},
    PRIMARY KEY (project_id, number)
) {strict};
CREATE UNIQUE INDEX shift_open ON shift (project_id, operator) WHERE state = 'open';
CREATE INDEX shift_opened ON shift (project_id, opened_at);

-- The tills so far go on as their operators' first shifts.
INSERT INTO shift (project_id, number, operator, state, opened_at, float_fen, counted, memo, handed_to)
SELECT l.project_id, substr(l.ledger_account, 6), substr(l.ledger_account, 6), 'open', MIN(p.posted_at), 0, '{}', '', ''
FROM posting_line l JOIN posting p ON p.id = l.posting_id
WHERE l.ledger_account LIKE 'cash:%' GROUP BY l.project_id, l.ledger_account;

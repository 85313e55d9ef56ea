-- Who pays for others: departments whose wallet covers members, and groups whose people may owe the school something.

CREATE TABLE department (
    project_id {bigint} NOT NULL,
    payer_id {bigint} NOT NULL,            -- the account whose wallet pays
    group_id {bigint},                     -- whoever is in it, or below it, is a member; NULL: named members alone
    limit_fen {bigint} NOT NULL CHECK (limit_fen >= 0),
    by_month {bigint} NOT NULL,            -- 1: so much each calendar month; 0: so much in all
    disabled {bigint} NOT NULL,
    created_at {bigint} NOT NULL,
    PRIMARY KEY (project_id, payer_id),
    FOREIGN KEY (project_id, payer_id) REFERENCES account (project_id, id),
    FOREIGN KEY (project_id, group_id) REFERENCES user_group (project_id, id)
) {strict};
CREATE INDEX department_group ON department (project_id, group_id);

CREATE TABLE department_member (
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,          -- has one payer at most
    payer_id {bigint} NOT NULL,
    limit_fen {bigint} CHECK (limit_fen >= 0),   -- NULL: the department's
    since {bigint} NOT NULL,
    PRIMARY KEY (project_id, account_id),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id) ON DELETE CASCADE,
    FOREIGN KEY (project_id, payer_id) REFERENCES department (project_id, payer_id) ON DELETE CASCADE
) {strict};
CREATE INDEX department_member_payer ON department_member (project_id, payer_id, account_id);
CREATE INDEX orders_payer ON orders (project_id, payer_id, account_id) WHERE payer_id IS NOT NULL;

CREATE TABLE credit_limit (
    project_id {bigint} NOT NULL,
    group_id {bigint} NOT NULL,            -- and the groups below it that have none of their own
    limit_fen {bigint} NOT NULL CHECK (limit_fen >= 0),
    PRIMARY KEY (project_id, group_id),
    FOREIGN KEY (project_id, group_id) REFERENCES user_group (project_id, id)
) {strict};

-- How far below zero a wallet was ever allowed to go: `verify` holds it to that.
CREATE TABLE credit_account (
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    limit_fen {bigint} NOT NULL,
    since {bigint} NOT NULL,
    PRIMARY KEY (project_id, account_id),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id)
) {strict};

CREATE TABLE credit_bill (
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    month {bigint} NOT NULL,               -- 202609
    amount_fen {bigint} NOT NULL CHECK (amount_fen > 0),
    made_at {bigint} NOT NULL,
    PRIMARY KEY (project_id, account_id, month),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id)
) {strict};
CREATE INDEX credit_bill_month ON credit_bill (project_id, month);

-- Base plans that groups give to their people each month: who has which, and through which group.

CREATE TABLE base_grant (
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    month {bigint} NOT NULL,                -- the local day on which it begins; 0: for good, of a plan without a period
    group_id {bigint} NOT NULL,
    plan_id {bigint} NOT NULL,
    subscription_id {bigint} NOT NULL,
    PRIMARY KEY (project_id, account_id, month, plan_id),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id)
) {strict};

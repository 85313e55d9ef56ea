-- Agents with a deposit of their own (ledger account agent:<id>), and the people who are their customers.

CREATE TABLE agent (
    id {pk},
    project_id {bigint} NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
    operator_id {bigint} NOT NULL REFERENCES operator (id),
    rate_parts {bigint} NOT NULL CHECK (rate_parts >= 0 AND rate_parts <= 10000),   -- of a price, in 1/10000
    plan_ids TEXT NOT NULL,                -- JSON list; empty: every plan on sale
    group_ids TEXT NOT NULL,               -- JSON list; empty: every group
    day_limit_fen {bigint} CHECK (day_limit_fen >= 0),
    disabled {bigint} NOT NULL,
    created_at {bigint} NOT NULL,
    created_by TEXT NOT NULL,
    UNIQUE (project_id, name),
    UNIQUE (project_id, operator_id),
    UNIQUE (project_id, id)
) {strict};
CREATE INDEX agent_operator ON agent (operator_id);

CREATE TABLE agent_customer (
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    agent_id {bigint} NOT NULL,
    since {bigint} NOT NULL,
    PRIMARY KEY (project_id, account_id),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id) ON DELETE CASCADE,
    FOREIGN KEY (project_id, agent_id) REFERENCES agent (project_id, id)
) {strict};
CREATE INDEX agent_customer_agent ON agent_customer (project_id, agent_id, account_id);

CREATE INDEX orders_agent ON orders (project_id, agent_id, created_at) WHERE agent_id IS NOT NULL;

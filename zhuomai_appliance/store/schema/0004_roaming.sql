-- Realms, the RADIUS servers elsewhere that know their people, and what passes between those and us.

CREATE TABLE upstream (
    id {pk},
    project_id {bigint} NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    secret_sealed {blob} NOT NULL,
    terms TEXT NOT NULL,                   -- JSON: ports, transport, patience and what is accepted, canonical text
    UNIQUE (project_id, name),
    UNIQUE (project_id, id)
) {strict};

CREATE TABLE realm (
    project_id {bigint} NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,                    -- folded; «*» is every one not named, «.edu.cn» every one below that domain
    group_id {bigint},                     -- NULL: any; otherwise this group and all below it
    terms TEXT NOT NULL,                   -- JSON: networks, servers in their order, what becomes of a login
    PRIMARY KEY (project_id, name),
    FOREIGN KEY (project_id, group_id) REFERENCES user_group (project_id, id)
) {strict};

-- A login that a server elsewhere accepted, by the Class that we gave in place of its own.
CREATE TABLE roaming_login (
    project_id {bigint} NOT NULL,
    token {blob} NOT NULL,
    realm TEXT NOT NULL,
    upstream TEXT NOT NULL,
    classes TEXT NOT NULL,                 -- JSON: the server's own Class values, hexadecimal, in order
    at {bigint} NOT NULL,
    PRIMARY KEY (project_id, token)
) {strict};
CREATE INDEX roaming_login_at ON roaming_login (at);

-- Accounting reports that wait to be told to the server that knows the account; told at least once.
CREATE TABLE roaming_report (
    id {pk},
    project_id {bigint} NOT NULL,
    upstreams TEXT NOT NULL,               -- JSON: names of servers, in the order in which they are asked
    attributes {blob} NOT NULL,            -- as they go out, but for Acct-Delay-Time
    delay_seconds {bigint} NOT NULL,       -- Acct-Delay-Time at arrival
    arrived_at {bigint} NOT NULL,
    due_at {bigint} NOT NULL,
    tries {bigint} NOT NULL
) {strict};
CREATE INDEX roaming_report_due ON roaming_report (due_at, id);

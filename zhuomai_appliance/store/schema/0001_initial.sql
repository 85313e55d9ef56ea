-- The books of the appliance, first edition. Common subset of SQLite 3.40 and PostgreSQL 15; {pk}, {bigint}, {blob} and
-- {strict} are filled in per engine. Times are UTC epoch seconds, money is fen, days are local ones, counted from 1970-01-01.
-- Every table carries project_id and its keys start with it, so that a centre of many schools can be spread by project;
-- operators, roles and settings of the machine (project_id 0) are global by nature.

CREATE TABLE project (
    id {pk},
    name TEXT NOT NULL UNIQUE,
    zone TEXT NOT NULL,
    created_at {bigint} NOT NULL
) {strict};

CREATE TABLE setting (
    project_id {bigint} NOT NULL,          -- 0: of the machine
    key TEXT NOT NULL,
    value TEXT NOT NULL,                   -- JSON
    PRIMARY KEY (project_id, key)
) {strict};

-- What people may do and how fast ------------------------------------------------------------------------------------

CREATE TABLE rate (
    id {pk},
    project_id {bigint} NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
    up_bps {bigint} NOT NULL CHECK (up_bps >= 0),
    down_bps {bigint} NOT NULL CHECK (down_bps >= 0),
    UNIQUE (project_id, name),
    UNIQUE (project_id, id)
) {strict};

CREATE TABLE nas (
    id {pk},
    project_id {bigint} NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
    address TEXT NOT NULL UNIQUE,          -- CIDR text; the longest prefix wins, over all projects
    identifier TEXT NOT NULL,
    vendor TEXT NOT NULL,
    device_kind TEXT NOT NULL,
    secret_sealed {blob} NOT NULL,
    coa_port {bigint} NOT NULL,
    portal_port {bigint} NOT NULL,
    portal_version {bigint} NOT NULL CHECK (portal_version IN (1, 2)),
    portal_auth TEXT NOT NULL CHECK (portal_auth IN ('chap', 'pap')),
    portal_secret_sealed {blob} NOT NULL,
    user_networks TEXT NOT NULL,           -- JSON list of CIDR; empty: any
    interim_seconds {bigint} NOT NULL CHECK (interim_seconds >= 60),
    traffic_unit TEXT NOT NULL,
    swap_direction {bigint} NOT NULL,
    ipv6_counters {bigint} NOT NULL,
    message_authenticator TEXT NOT NULL CHECK (message_authenticator IN ('off', 'auto', 'require')),
    quirks TEXT NOT NULL,                  -- JSON object
    UNIQUE (project_id, name),
    UNIQUE (project_id, id)
) {strict};

-- Devices that proved they sign their Access-Requests: learned per source address, only ever added (CVE-2024-3596).
CREATE TABLE nas_signs (
    project_id {bigint} NOT NULL,
    nas_id {bigint} NOT NULL,
    address TEXT NOT NULL,
    since {bigint} NOT NULL,
    PRIMARY KEY (project_id, nas_id, address),
    FOREIGN KEY (project_id, nas_id) REFERENCES nas (project_id, id) ON DELETE CASCADE
) {strict};

CREATE TABLE access_list (
    id {pk},
    project_id {bigint} NOT NULL REFERENCES project (id),
    kind TEXT NOT NULL CHECK (kind IN ('mac', 'ip', 'phone')),
    action TEXT NOT NULL CHECK (action IN ('deny', 'allow')),
    value TEXT NOT NULL,
    reason TEXT NOT NULL,
    expires_at {bigint},
    created_at {bigint} NOT NULL,
    UNIQUE (project_id, kind, value)
) {strict};

CREATE TABLE plan (
    id {pk},
    project_id {bigint} NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
    on_sale {bigint} NOT NULL,
    current_version_id {bigint},
    UNIQUE (project_id, name),
    UNIQUE (project_id, id)
) {strict};

-- A plan as somebody bought it: never changed, every edit of a plan adds a row (billing rule 7).
CREATE TABLE plan_version (
    id {pk},
    project_id {bigint} NOT NULL,
    plan_id {bigint} NOT NULL,
    version_no {bigint} NOT NULL,
    kind TEXT NOT NULL,
    price_fen {bigint} NOT NULL CHECK (price_fen >= 0),
    terms TEXT NOT NULL,                   -- JSON: all of billing rules §2, canonical text
    created_at {bigint} NOT NULL,
    UNIQUE (project_id, plan_id, version_no),
    UNIQUE (project_id, id),
    FOREIGN KEY (project_id, plan_id) REFERENCES plan (project_id, id)
) {strict};

CREATE TABLE user_group (
    id {pk},
    project_id {bigint} NOT NULL REFERENCES project (id),
    parent_id {bigint},
    name TEXT NOT NULL,
    switches TEXT NOT NULL,                -- JSON: the switches of features F04 that are not inherited
    rate_id {bigint},
    plan_id {bigint},
    base_plan_id {bigint},
    UNIQUE (project_id, name),
    UNIQUE (project_id, id),
    FOREIGN KEY (project_id, parent_id) REFERENCES user_group (project_id, id)
) {strict};

-- People --------------------------------------------------------------------------------------------------------------

CREATE TABLE account (
    id {pk},
    project_id {bigint} NOT NULL REFERENCES project (id),
    username TEXT NOT NULL,
    full_name TEXT NOT NULL,
    group_id {bigint},
    rate_id {bigint},
    secret_sealed {blob},                  -- the password, encrypted: CHAP needs it back; NULL: none can match
    id_number_sealed {blob},
    id_number_index {blob},                -- keyed digest for look-up
    phone_sealed {blob},
    phone_index {blob},
    email_sealed {blob},
    email_index {blob},
    address_sealed {blob},
    security_question TEXT,
    security_answer_digest TEXT,
    openid TEXT,
    created_at {bigint} NOT NULL,
    created_by TEXT NOT NULL,
    password_changed_at {bigint},
    first_login_at {bigint},
    locked_until {bigint},                 -- 0: without end
    locked_reason TEXT NOT NULL DEFAULT '',
    closed_at {bigint},
    UNIQUE (project_id, username),
    UNIQUE (project_id, id),
    FOREIGN KEY (project_id, group_id) REFERENCES user_group (project_id, id)
) {strict};
CREATE INDEX account_phone ON account (project_id, phone_index);
CREATE INDEX account_id_number ON account (project_id, id_number_index);
CREATE INDEX account_group ON account (project_id, group_id);

-- Every name an account may log in with (student number, phone, card ...), folded; the username is one of them.
CREATE TABLE identifier (
    project_id {bigint} NOT NULL,
    value TEXT NOT NULL,
    account_id {bigint} NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (project_id, value),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id) ON DELETE CASCADE
) {strict};
CREATE INDEX identifier_account ON identifier (project_id, account_id);

CREATE TABLE device_binding (
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    mac TEXT NOT NULL,
    kind TEXT NOT NULL,
    login_kind TEXT NOT NULL,
    bound_at {bigint} NOT NULL,
    silent_until {bigint},
    last_seen_at {bigint} NOT NULL,
    PRIMARY KEY (project_id, account_id, mac),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id) ON DELETE CASCADE
) {strict};
CREATE INDEX device_binding_mac ON device_binding (project_id, mac);

-- What they bought ----------------------------------------------------------------------------------------------------

CREATE TABLE subscription (
    id {pk},
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    plan_version_id {bigint} NOT NULL,
    order_no TEXT,
    state TEXT NOT NULL,
    purchased_at {bigint} NOT NULL,
    anchor_at {bigint},
    starts_at {bigint},
    ends_at {bigint},
    octets_left {bigint},
    seconds_left {bigint},
    paid_principal_fen {bigint} NOT NULL CHECK (paid_principal_fen >= 0),
    UNIQUE (project_id, id),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id),
    FOREIGN KEY (project_id, plan_version_id) REFERENCES plan_version (project_id, id)
) {strict};
CREATE INDEX subscription_account ON subscription (project_id, account_id);
CREATE INDEX subscription_state ON subscription (state, ends_at);

-- The prepared snapshot that authorisation reads; billing alone writes it (billing rule 10).
CREATE TABLE entitlement (
    account_id {bigint} PRIMARY KEY,
    project_id {bigint} NOT NULL,
    chain TEXT NOT NULL,                   -- JSON of model.entitlement
    covered_until {bigint},                -- NULL: no end; otherwise when nothing more is owned
    next_change_at {bigint},               -- when the chain next moves by time alone
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id) ON DELETE CASCADE
) {strict};
CREATE INDEX entitlement_covered ON entitlement (covered_until);
CREATE INDEX entitlement_change ON entitlement (next_change_at);

CREATE TABLE orders (
    order_no TEXT PRIMARY KEY,             -- begins with the project's number, so it is unique over all
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    plan_version_id {bigint},              -- NULL: a recharge of the wallet
    periods {bigint} NOT NULL DEFAULT 1,
    amount_fen {bigint} NOT NULL CHECK (amount_fen >= 0),
    channel TEXT NOT NULL,
    state TEXT NOT NULL,
    operator TEXT NOT NULL,
    memo TEXT NOT NULL,
    created_at {bigint} NOT NULL,
    paid_at {bigint},
    closed_at {bigint},
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id)
) {strict};
CREATE INDEX orders_account ON orders (project_id, account_id, created_at);
CREATE INDEX orders_created ON orders (project_id, created_at);

CREATE TABLE payment (
    id {pk},
    project_id {bigint} NOT NULL,
    order_no TEXT NOT NULL REFERENCES orders (order_no),
    provider TEXT NOT NULL,
    provider_no TEXT NOT NULL,
    amount_fen {bigint} NOT NULL,
    paid_at {bigint} NOT NULL,
    payload_digest TEXT NOT NULL,
    UNIQUE (provider, provider_no)
) {strict};

-- The ledger: only ever added to ----------------------------------------------------------------------------------------

CREATE TABLE posting (
    id {pk},
    project_id {bigint} NOT NULL,
    kind TEXT NOT NULL,
    effect TEXT NOT NULL,                  -- what this posting is the effect of; once only
    order_no TEXT,
    operator TEXT NOT NULL,
    posted_at {bigint} NOT NULL,
    reversal_of {bigint} UNIQUE REFERENCES posting (id),
    memo TEXT NOT NULL,
    UNIQUE (project_id, effect)
) {strict};
CREATE INDEX posting_time ON posting (project_id, posted_at);
CREATE INDEX posting_order ON posting (order_no);

CREATE TABLE posting_line (
    id {pk},
    project_id {bigint} NOT NULL,
    posting_id {bigint} NOT NULL REFERENCES posting (id),
    ledger_account TEXT NOT NULL,
    amount_fen {bigint} NOT NULL CHECK (amount_fen <> 0)     -- debit positive, credit negative
) {strict};
CREATE INDEX posting_line_posting ON posting_line (posting_id);
CREATE INDEX posting_line_account ON posting_line (project_id, ledger_account);

-- A cache of sums that `verify` rebuilds and compares (billing rule 3).
CREATE TABLE ledger_balance (
    project_id {bigint} NOT NULL,
    ledger_account TEXT NOT NULL,
    balance_fen {bigint} NOT NULL,
    PRIMARY KEY (project_id, ledger_account)
) {strict};

-- Access ----------------------------------------------------------------------------------------------------------------

-- Open sessions and those finished within 48 hours; older ones move to session_YYYYMM of their stop.
CREATE TABLE session (
    id {pk},
    project_id {bigint} NOT NULL,
    nas_id {bigint} NOT NULL,
    nas_address TEXT NOT NULL,             -- where the device itself speaks from: a NAS entry may be a network of them
    acct_session_id TEXT NOT NULL,
    account_id {bigint},                   -- NULL: nobody is billed (unattributed)
    username_raw TEXT NOT NULL,
    calling_station_raw TEXT NOT NULL,
    called_station_raw TEXT NOT NULL,
    mac TEXT,
    ip TEXT,
    ipv6 TEXT,
    ssid TEXT,
    vlan {bigint},
    port_id TEXT,
    access_kind TEXT NOT NULL,
    started_at {bigint} NOT NULL,
    updated_at {bigint} NOT NULL,          -- time of the newest event
    seen_at {bigint} NOT NULL,             -- arrival of the newest packet, by our clock
    session_seconds {bigint} NOT NULL,
    input_octets {bigint} NOT NULL,
    output_octets {bigint} NOT NULL,
    interim_seconds {bigint} NOT NULL,
    stopped_at {bigint},
    cause {bigint},
    closed_by TEXT,
    start_lost {bigint} NOT NULL,
    anomalies {bigint} NOT NULL,
    class_token {blob} NOT NULL,
    plan_name TEXT NOT NULL,
    UNIQUE (project_id, nas_id, acct_session_id, nas_address, started_at)
) {strict};
CREATE UNIQUE INDEX session_open ON session (nas_id, acct_session_id, nas_address) WHERE stopped_at IS NULL;
CREATE INDEX session_open_mac ON session (nas_id, mac) WHERE stopped_at IS NULL;
CREATE INDEX session_open_account ON session (account_id) WHERE stopped_at IS NULL;
CREATE INDEX session_account ON session (project_id, account_id, started_at);
CREATE INDEX session_ip ON session (project_id, ip, started_at);
CREATE INDEX session_stopped ON session (stopped_at) WHERE stopped_at IS NOT NULL;

-- Traffic by session, subscription and local day. subscription_id 0: unattributed. The sums over a session equal its
-- counters at any moment: both are written by one transaction, and `verify` compares them.
CREATE TABLE usage (
    project_id {bigint} NOT NULL,
    session_id {bigint} NOT NULL,
    subscription_id {bigint} NOT NULL,
    day {bigint} NOT NULL,
    account_id {bigint},
    input_octets {bigint} NOT NULL CHECK (input_octets >= 0),
    output_octets {bigint} NOT NULL CHECK (output_octets >= 0),
    seconds {bigint} NOT NULL CHECK (seconds >= 0),
    PRIMARY KEY (session_id, subscription_id, day)
) {strict};
CREATE INDEX usage_account ON usage (project_id, account_id, day);

-- One-time secrets minted by our portal for one login at one device (portal notes §6).
CREATE TABLE portal_secret (
    id {pk},
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    nas_id {bigint} NOT NULL,
    user_ip TEXT NOT NULL,
    mac TEXT,
    secret_sealed {blob} NOT NULL,
    secret_digest {blob} NOT NULL,
    created_at {bigint} NOT NULL,
    expires_at {bigint} NOT NULL,
    used_at {bigint}
) {strict};
CREATE INDEX portal_secret_live ON portal_secret (account_id, nas_id) WHERE used_at IS NULL;
CREATE INDEX portal_secret_expiry ON portal_secret (expires_at);

-- Effects that leave after the commit, at least once, harmless twice -------------------------------------------------------

CREATE TABLE outbox (
    id {pk},
    project_id {bigint} NOT NULL,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,                 -- JSON
    due_at {bigint} NOT NULL,
    tries {bigint} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
    result TEXT NOT NULL,
    created_at {bigint} NOT NULL,
    done_at {bigint}
) {strict};
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'waiting';

CREATE TABLE idempotency (
    project_id {bigint} NOT NULL,
    key TEXT NOT NULL,
    request_digest TEXT NOT NULL,
    response TEXT NOT NULL,                -- JSON of the first answer
    created_at {bigint} NOT NULL,
    PRIMARY KEY (project_id, key)
) {strict};

-- Operators ----------------------------------------------------------------------------------------------------------------

CREATE TABLE role (
    name TEXT PRIMARY KEY,
    permissions TEXT NOT NULL              -- JSON list
) {strict};

CREATE TABLE operator (
    id {pk},
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL REFERENCES role (name),
    project_ids TEXT NOT NULL,             -- JSON list; empty: all
    password_digest TEXT NOT NULL,
    disabled {bigint} NOT NULL,
    created_at {bigint} NOT NULL,
    password_changed_at {bigint} NOT NULL
) {strict};

CREATE TABLE operator_session (
    token_digest {blob} PRIMARY KEY,
    operator_id {bigint} NOT NULL REFERENCES operator (id) ON DELETE CASCADE,
    csrf_token TEXT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at {bigint} NOT NULL,
    seen_at {bigint} NOT NULL
) {strict};
CREATE INDEX operator_session_operator ON operator_session (operator_id);

CREATE TABLE api_token (
    id {pk},
    operator_id {bigint} NOT NULL REFERENCES operator (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    token_digest {blob} NOT NULL UNIQUE,
    scopes TEXT NOT NULL,                  -- JSON list of permissions; empty: all that the operator may do
    created_at {bigint} NOT NULL,
    last_used_at {bigint},
    revoked_at {bigint}
) {strict};

-- Who did what; every row holds the digest of the row before it.
CREATE TABLE audit (
    id {pk},
    project_id {bigint} NOT NULL,
    at {bigint} NOT NULL,
    actor TEXT NOT NULL,
    address TEXT NOT NULL,
    action TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    before TEXT NOT NULL,                  -- JSON, secrets left out
    after TEXT NOT NULL,
    result TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE
) {strict};
CREATE INDEX audit_object ON audit (object_kind, object_id);
CREATE INDEX audit_time ON audit (project_id, at);

-- engine: sqlite
CREATE TRIGGER posting_is_final BEFORE UPDATE ON posting
BEGIN SELECT RAISE(ABORT, 'a posting is never changed: post a reversal'); END;
CREATE TRIGGER posting_stays BEFORE DELETE ON posting
BEGIN SELECT RAISE(ABORT, 'a posting is never deleted: post a reversal'); END;
CREATE TRIGGER posting_line_is_final BEFORE UPDATE ON posting_line
BEGIN SELECT RAISE(ABORT, 'a posting line is never changed: post a reversal'); END;
CREATE TRIGGER posting_line_stays BEFORE DELETE ON posting_line
BEGIN SELECT RAISE(ABORT, 'a posting line is never deleted: post a reversal'); END;
CREATE TRIGGER plan_version_is_final BEFORE UPDATE ON plan_version
BEGIN SELECT RAISE(ABORT, 'a plan version is never changed: publish a new one'); END;
CREATE TRIGGER audit_is_final BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'an audit row is never changed'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'an audit row is never deleted'); END;
-- engine: postgres
CREATE FUNCTION zhuomai_is_final() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% rows are never changed or deleted', TG_TABLE_NAME; END $$;
CREATE TRIGGER posting_is_final BEFORE UPDATE OR DELETE ON posting FOR EACH ROW EXECUTE FUNCTION zhuomai_is_final();
CREATE TRIGGER posting_line_is_final BEFORE UPDATE OR DELETE ON posting_line FOR EACH ROW EXECUTE FUNCTION zhuomai_is_final();
CREATE TRIGGER plan_version_is_final BEFORE UPDATE OR DELETE ON plan_version FOR EACH ROW EXECUTE FUNCTION zhuomai_is_final();
CREATE TRIGGER audit_is_final BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION zhuomai_is_final();
-- engine: any

-- What the desk keeps about people: bound operators, passwords that others gave, closing, places, notes, unbinding, batches.

-- Groups whose people, and those of all groups below, are all that an operator sees; JSON list, empty: everybody.
ALTER TABLE operator ADD COLUMN group_ids TEXT NOT NULL DEFAULT '[]';

-- A closed project takes no logins, accounts or orders; its books stay.
ALTER TABLE project ADD COLUMN closed_at {bigint};

-- 1: somebody else than the person set the password, so a group may ask for another at the next login.
ALTER TABLE account ADD COLUMN password_given {bigint} NOT NULL DEFAULT 1;
ALTER TABLE account ADD COLUMN closing_at {bigint};          -- announced: closed by the housekeeping at this time
ALTER TABLE account ADD COLUMN closed_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN names_free_at {bigint};       -- NULL: the names are in use, or given up already
ALTER TABLE account ADD COLUMN merged_into {bigint};
ALTER TABLE account ADD COLUMN id_verified_at {bigint};
ALTER TABLE account ADD COLUMN id_verified_by TEXT NOT NULL DEFAULT '';
CREATE INDEX account_closing ON account (closing_at) WHERE closing_at IS NOT NULL;
CREATE INDEX account_names_free ON account (names_free_at) WHERE names_free_at IS NOT NULL;
CREATE INDEX account_email ON account (project_id, email_index) WHERE email_index IS NOT NULL;

-- Where an account is installed, for the technician; the street address is person data and lies sealed in its account.
CREATE TABLE installation (
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    nas_id {bigint},
    vlan {bigint},
    outer_vlan {bigint},
    port_id TEXT NOT NULL,
    since {bigint} NOT NULL,
    PRIMARY KEY (project_id, account_id),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id) ON DELETE CASCADE,
    FOREIGN KEY (project_id, nas_id) REFERENCES nas (project_id, id)
) {strict};

CREATE TABLE work_order (
    id {pk},
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('move')),
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'cancelled')),
    facts TEXT NOT NULL,                   -- JSON: from and to, without the street address
    memo TEXT NOT NULL,
    order_no TEXT,                         -- the fee's order
    created_at {bigint} NOT NULL,
    created_by TEXT NOT NULL,
    closed_at {bigint},
    closed_by TEXT NOT NULL DEFAULT '',
    UNIQUE (project_id, id),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id)
) {strict};
CREATE INDEX work_order_account ON work_order (project_id, account_id);
CREATE INDEX work_order_open ON work_order (project_id, id) WHERE state = 'open';

CREATE TABLE account_note (
    id {pk},
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    text TEXT NOT NULL,
    at {bigint} NOT NULL,
    by TEXT NOT NULL,
    removed_at {bigint},
    UNIQUE (project_id, id),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id)
) {strict};
CREATE INDEX account_note_account ON account_note (project_id, account_id);

CREATE TABLE account_tag (
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    tag TEXT NOT NULL,
    PRIMARY KEY (project_id, account_id, tag),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id) ON DELETE CASCADE
) {strict};
CREATE INDEX account_tag_tag ON account_tag (project_id, tag);

CREATE TABLE attachment (
    id {pk},
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    octets {bigint} NOT NULL CHECK (octets > 0),
    sha256 TEXT NOT NULL,
    content_sealed {blob} NOT NULL,
    at {bigint} NOT NULL,
    by TEXT NOT NULL,
    removed_at {bigint},
    UNIQUE (project_id, id),
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id)
) {strict};
CREATE INDEX attachment_account ON attachment (project_id, account_id);

-- Devices taken off accounts: those that a person took off himself count against his group's monthly allowance.
CREATE TABLE unbinding (
    id {pk},
    project_id {bigint} NOT NULL,
    account_id {bigint} NOT NULL,
    mac TEXT NOT NULL,
    by_user {bigint} NOT NULL,
    at {bigint} NOT NULL,
    by TEXT NOT NULL,
    reason TEXT NOT NULL,
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, id) ON DELETE CASCADE
) {strict};
CREATE INDEX unbinding_account ON unbinding (project_id, account_id, at);

-- Accounts made together by a rule; their passwords are given out once.
CREATE TABLE account_batch (
    id {pk},
    project_id {bigint} NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
    rule TEXT NOT NULL,                    -- JSON
    made {bigint} NOT NULL,
    created_at {bigint} NOT NULL,
    created_by TEXT NOT NULL,
    exported_at {bigint},
    exported_by TEXT NOT NULL DEFAULT '',
    UNIQUE (project_id, name),
    UNIQUE (project_id, id)
) {strict};
ALTER TABLE account ADD COLUMN batch_id {bigint};
CREATE INDEX account_batch_id ON account (project_id, batch_id) WHERE batch_id IS NOT NULL;

-- Certificates that our own authority issued, to people (EAP-TLS) and RadSec peers; a revoked one stays.

CREATE TABLE certificate (
    project_id {bigint} NOT NULL REFERENCES project (id),
    serial TEXT NOT NULL,                  -- hexadecimal, lower case
    kind TEXT NOT NULL CHECK (kind IN ('client', 'radsec')),
    account_id {bigint},                   -- NULL: a RadSec peer
    name TEXT NOT NULL,                    -- the username when it was issued, or the peer's name
    not_before_at {bigint} NOT NULL,
    not_after_at {bigint} NOT NULL,
    issued_at {bigint} NOT NULL,
    issued_by TEXT NOT NULL,
    revoked_at {bigint},
    revoked_reason TEXT NOT NULL DEFAULT '',
    pem TEXT NOT NULL,                     -- the private key is never kept
    PRIMARY KEY (project_id, serial),
    CHECK ((kind = 'client') = (account_id IS NOT NULL))
) {strict};
CREATE INDEX certificate_account ON certificate (project_id, account_id) WHERE account_id IS NOT NULL;

-- Requests to access devices take turns by device; sessions that outlive their right; addresses of IPv6.

-- NULL: the effect is for no device; 0: for one that is not known. What waited before this edition goes out first.
ALTER TABLE outbox ADD COLUMN nas_id {bigint};
-- Grows when an effect is asked for anew: what ends for the asking before does not end this one.
ALTER TABLE outbox ADD COLUMN revision {bigint} NOT NULL DEFAULT 0;
UPDATE outbox SET nas_id = 0 WHERE state = 'waiting';
CREATE INDEX outbox_device ON outbox (nas_id, due_at) WHERE state = 'waiting' AND nas_id IS NOT NULL;

-- A running session that should be over and could not be ended at its device (billing rules, 13).
CREATE TABLE must_reauth (
    project_id {bigint} NOT NULL,
    session_id {bigint} NOT NULL,
    account_id {bigint},
    nas_id {bigint} NOT NULL,
    why TEXT NOT NULL,
    said TEXT NOT NULL,                    -- the device's last word
    since {bigint} NOT NULL,
    PRIMARY KEY (project_id, session_id)
) {strict};

-- Every IPv6 address and prefix that a session had. low and high are its first and last address, 32 hexadecimal digits
-- each, so that an address inside a delegated prefix is found by comparing text. They outlive the move of their session
-- to its month.
CREATE TABLE session_address (
    project_id {bigint} NOT NULL,
    session_id {bigint} NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('address', 'prefix', 'delegated')),
    low TEXT NOT NULL,
    high TEXT NOT NULL,
    first_seen_at {bigint} NOT NULL,
    PRIMARY KEY (project_id, session_id, low, high)
) {strict};
CREATE INDEX session_address_low ON session_address (project_id, low, high);

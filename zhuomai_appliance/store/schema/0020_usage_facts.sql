-- What each report added to a usage row: the interims behind a figure. Kept for this month and the last one.

CREATE TABLE usage_fact (
    id {pk},
    project_id {bigint} NOT NULL,
    session_id {bigint} NOT NULL,
    subscription_id {bigint} NOT NULL,      -- 0: of none
    day {bigint} NOT NULL,
    since {bigint} NOT NULL,
    until {bigint} NOT NULL,
    input_octets {bigint} NOT NULL,
    output_octets {bigint} NOT NULL,
    seconds {bigint} NOT NULL
) {strict};
CREATE INDEX usage_fact_session ON usage_fact (session_id);

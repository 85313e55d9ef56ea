-- Access rules with their calendar, limits of places, and who made an entry of a black or white list.

ALTER TABLE access_list ADD COLUMN created_by TEXT NOT NULL DEFAULT '';

-- Asked in the order of their positions; the first that matches decides.
CREATE TABLE access_rule (
    id {pk},
    project_id {bigint} NOT NULL REFERENCES project (id),
    position {bigint} NOT NULL,
    name TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('allow', 'deny')),
    enabled {bigint} NOT NULL,
    group_id {bigint},                     -- NULL: any; otherwise this group and all below it
    nas_id {bigint},                       -- NULL: any
    rate_id {bigint},                      -- NULL: the rate of plan, account or group
    terms TEXT NOT NULL,                   -- JSON: the other conditions and what an allowed login gets, canonical text
    created_at {bigint} NOT NULL,
    created_by TEXT NOT NULL,
    UNIQUE (project_id, name),
    UNIQUE (project_id, id),
    FOREIGN KEY (project_id, group_id) REFERENCES user_group (project_id, id),
    FOREIGN KEY (project_id, nas_id) REFERENCES nas (project_id, id) ON DELETE CASCADE,
    FOREIGN KEY (project_id, rate_id) REFERENCES rate (project_id, id)
) {strict};

-- Days that are not what their place in the week says.
CREATE TABLE holiday (
    project_id {bigint} NOT NULL REFERENCES project (id),
    day {bigint} NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('holiday', 'workday')),
    name TEXT NOT NULL,
    PRIMARY KEY (project_id, day)
) {strict};

CREATE TABLE place_limit (
    project_id {bigint} NOT NULL REFERENCES project (id),
    kind TEXT NOT NULL CHECK (kind IN ('ap', 'ssid', 'nas', 'project')),
    value TEXT NOT NULL,
    maximum {bigint} NOT NULL CHECK (maximum >= 0),
    PRIMARY KEY (project_id, kind, value)
) {strict};

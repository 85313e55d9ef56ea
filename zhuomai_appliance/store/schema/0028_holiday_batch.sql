-- Suspensions of whole groups for a holiday; the lines are the suspensions that bear the batch's number.

CREATE TABLE holiday_batch (
    id {pk},
    project_id {bigint} NOT NULL REFERENCES project (id),
    key TEXT NOT NULL,                      -- of the request that made it: once
    state TEXT NOT NULL,                    -- running, committed, undone
    begins_at {bigint} NOT NULL,
    resumes_at {bigint} NOT NULL,
    reason TEXT NOT NULL,
    operator TEXT NOT NULL,
    made_at {bigint} NOT NULL,
    undone_at {bigint},
    UNIQUE (project_id, id),
    UNIQUE (project_id, key)
) {strict};

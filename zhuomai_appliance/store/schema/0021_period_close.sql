-- Months whose books are closed (结账): no posting is dated before the end of one (E20).

CREATE TABLE period_close (
    project_id {bigint} NOT NULL REFERENCES project (id),
    month TEXT NOT NULL,                   -- 2026-09
    ends_at {bigint} NOT NULL,             -- the first instant after it, by the project's calendar
    closed_at {bigint} NOT NULL,
    closed_by TEXT NOT NULL,
    PRIMARY KEY (project_id, month)
) {strict};
CREATE INDEX period_close_end ON period_close (project_id, ends_at);

-- engine: sqlite
CREATE TRIGGER posting_in_open_month BEFORE INSERT ON posting
WHEN EXISTS (SELECT 1 FROM period_close c WHERE c.project_id = NEW.project_id AND c.ends_at > NEW.posted_at)
BEGIN SELECT RAISE(ABORT, 'this month is closed: post the correction in an open one'); END;
CREATE TRIGGER period_close_is_final BEFORE UPDATE ON period_close
BEGIN SELECT RAISE(ABORT, 'a closed month is never changed'); END;
CREATE TRIGGER period_close_stays BEFORE DELETE ON period_close
BEGIN SELECT RAISE(ABORT, 'a closed month is never opened again'); END;
-- engine: postgres
CREATE FUNCTION zhuomai_open_month() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
IF EXISTS (SELECT 1 FROM period_close c WHERE c.project_id = NEW.project_id AND c.ends_at > NEW.posted_at) THEN
RAISE EXCEPTION 'this month is closed: post the correction in an open one'; END IF;
RETURN NEW; END $$;
CREATE TRIGGER posting_in_open_month BEFORE INSERT ON posting FOR EACH ROW EXECUTE FUNCTION zhuomai_open_month();
CREATE TRIGGER period_close_is_final BEFORE UPDATE OR DELETE ON period_close FOR EACH ROW EXECUTE FUNCTION zhuomai_is_final();
-- engine: any

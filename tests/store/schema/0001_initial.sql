-- A small schema for the tests of the store itself.
CREATE TABLE person (
    id {pk},
    name TEXT NOT NULL UNIQUE,      -- a comment with a semicolon; and a :colon
    seen {bigint} NOT NULL DEFAULT 0,
    photo {blob}
) {strict};
CREATE TABLE visit (
    id {pk},
    person_id {bigint} NOT NULL REFERENCES person (id),
    note TEXT NOT NULL
) {strict};
-- engine: sqlite
CREATE TRIGGER visit_stays BEFORE DELETE ON visit
BEGIN
    SELECT RAISE(ABORT, 'a visit is never deleted');
END;
-- engine: postgres
CREATE TRIGGER visit_stays BEFORE DELETE ON visit FOR EACH ROW EXECUTE FUNCTION refuse();
-- engine: any
CREATE INDEX visit_person ON visit (person_id);

-- Sessions that outlive their right.

-- name: mark_session
INSERT INTO must_reauth (project_id, session_id, account_id, nas_id, why, said, since)
SELECT project_id, id, account_id, nas_id, :why, :said, :at FROM session WHERE id = :session_id AND stopped_at IS NULL
ON CONFLICT (project_id, session_id) DO UPDATE SET why = excluded.why, said = excluded.said

-- name: unmark_session
DELETE FROM must_reauth WHERE session_id = :session_id AND project_id = :project_id

-- name: drop_old_marks
DELETE FROM must_reauth WHERE NOT EXISTS
       (SELECT 1 FROM session s WHERE s.id = must_reauth.session_id AND s.stopped_at IS NULL)

-- name: marked_sessions
SELECT m.project_id, m.session_id, m.account_id, m.nas_id, m.why, m.said, m.since
FROM must_reauth m JOIN session s ON s.id = m.session_id WHERE s.stopped_at IS NULL ORDER BY m.session_id

-- Certificates that our own authority issued.

-- name: insert_certificate
INSERT INTO certificate (project_id, serial, kind, account_id, name, not_before_at, not_after_at, issued_at, issued_by,
       pem)
VALUES (:project_id, :serial, :kind, :account_id, :name, :not_before_at, :not_after_at, :issued_at, :issued_by, :pem)

-- name: by_serial
SELECT project_id, serial, kind, account_id, name, not_before_at, not_after_at, issued_at, issued_by, pem, revoked_at,
       revoked_reason
FROM certificate
WHERE project_id = :project_id AND serial = :serial

-- name: of_account
SELECT project_id, serial, kind, account_id, name, not_before_at, not_after_at, issued_at, issued_by, pem, revoked_at,
       revoked_reason
FROM certificate
WHERE project_id = :project_id AND account_id = :account_id
ORDER BY issued_at, serial

-- name: all_certificates
SELECT project_id, serial, kind, account_id, name, not_before_at, not_after_at, issued_at, issued_by, pem, revoked_at,
       revoked_reason
FROM certificate
ORDER BY project_id, issued_at, serial

-- name: revoke
UPDATE certificate SET revoked_at = :at, revoked_reason = :reason
WHERE project_id = :project_id AND serial = :serial AND revoked_at IS NULL

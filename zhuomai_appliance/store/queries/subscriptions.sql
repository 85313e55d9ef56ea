-- What is kept about purchases beside their rows.

-- name: use_of
SELECT CAST(COALESCE(SUM(input_octets), 0) AS BIGINT), CAST(COALESCE(SUM(output_octets), 0) AS BIGINT),
       CAST(COALESCE(SUM(seconds), 0) AS BIGINT)
FROM usage WHERE project_id = :project_id AND account_id = :account_id AND subscription_id = :subscription_id

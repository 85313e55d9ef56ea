-- The history of accounts that were merged into another is looked for from that one.

CREATE INDEX account_merged ON account (project_id, merged_into) WHERE merged_into IS NOT NULL;

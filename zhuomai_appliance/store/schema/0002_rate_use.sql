-- compat: 1
-- Who follows a rate template: asked when one is changed or removed.

CREATE INDEX account_rate ON account (project_id, rate_id) WHERE rate_id IS NOT NULL;

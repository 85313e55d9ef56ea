-- Who is online, who was, and who was refused. A line that ends with `-- if NAME` is left out unless NAME is asked for.

-- name: view_exists
SELECT count(*) FROM sqlite_schema WHERE type = 'view' AND name = :name

-- name: view_exists postgres
SELECT count(*) FROM pg_views WHERE schemaname = current_schema() AND viewname = :name

-- name: sessions
SELECT s.id, s.project_id, s.acct_session_id, s.nas_id, (SELECT n.name FROM nas n WHERE n.id = s.nas_id), s.nas_address,
       s.account_id, (SELECT a.username FROM account a WHERE a.id = s.account_id),
       (SELECT a.full_name FROM account a WHERE a.id = s.account_id), s.username_raw, s.mac, s.ip, s.ipv6, s.ssid, s.vlan,
       s.port_id, s.access_kind, s.started_at, s.stopped_at, s.updated_at, s.seen_at, s.session_seconds, s.input_octets,
       s.output_octets, s.interim_seconds, s.cause, s.closed_by, s.plan_name
FROM session_all s
WHERE s.id > 0
  AND s.project_id IN (:project_ids) -- if by_index
  AND +s.project_id IN (:project_ids) -- if by_id
  AND s.id = :id -- if id
  AND s.account_id IN (SELECT w.id FROM account w WHERE w.project_id IN (:project_ids) AND w.group_id IN (:group_ids)) -- if group_ids
  AND s.id > :after -- if after
  AND s.id < :before -- if before
  AND s.account_id = :account_id -- if account_id
  AND s.account_id IN (SELECT i.account_id FROM identifier i WHERE i.project_id IN (:project_ids) AND i.value = :name -- if name
                       UNION ALL SELECT m.id FROM identifier i JOIN account m ON m.project_id = i.project_id AND m.merged_into = i.account_id WHERE i.project_id IN (:project_ids) AND i.value = :name) -- if name
  AND s.account_id IS NULL AND s.username_raw = :stranger -- if stranger
  AND s.nas_id IN (SELECT n.id FROM nas n WHERE n.name = :nas) -- if nas
  AND s.nas_address = :nas_ip -- if nas_ip
  AND s.mac = :mac -- if mac
  AND s.ip = :ip -- if ip
  AND s.id IN (:session_ids) -- if session_ids
  AND s.acct_session_id = :acct_session_id -- if acct_session_id
  AND s.plan_name = :plan -- if plan
  AND s.stopped_at IS NULL -- if open
  AND s.stopped_at IS NOT NULL -- if closed
  AND s.started_at < :to_at -- if to_at
  AND (s.stopped_at IS NULL OR s.stopped_at >= :from_at) -- if from_at
ORDER BY
  s.id DESC, -- if newest_first
  s.id
LIMIT :limit OFFSET :offset

-- name: online
SELECT s.id, s.project_id, s.acct_session_id, s.nas_id, n.name, s.nas_address, s.account_id, a.username, a.full_name,
       s.username_raw, s.mac, s.ip, s.ipv6, s.ssid, s.vlan, s.port_id, s.access_kind, s.started_at, s.stopped_at,
       s.updated_at, s.seen_at, s.session_seconds, s.input_octets, s.output_octets, s.interim_seconds, s.cause,
       s.closed_by, s.plan_name
FROM session s LEFT JOIN account a ON a.id = s.account_id LEFT JOIN nas n ON n.id = s.nas_id
WHERE s.stopped_at IS NULL AND s.project_id IN (:project_ids)
  AND (lower(a.username) LIKE :words ESCAPE '\' OR lower(a.full_name) LIKE :words ESCAPE '\' OR s.ip LIKE :words ESCAPE '\' OR lower(s.username_raw) LIKE :words ESCAPE '\' OR s.mac = :mac_words OR s.account_id IN (SELECT i.account_id FROM identifier i WHERE i.project_id IN (:project_ids) AND i.value LIKE :words ESCAPE '\')) -- if words
  AND s.id IN (:session_ids) -- if session_ids
  AND s.nas_id = :nas_id -- if nas_id
  AND a.group_id IN (:group_ids) -- if group_ids
  AND s.account_id = :account_id -- if account_id
  AND s.access_kind = :access_kind -- if access_kind
  AND s.seen_at + 2 * s.interim_seconds + 60 < :silent_at -- if silent_at
ORDER BY
  s.started_at DESC, -- if newest_first
  s.started_at, -- if oldest_first
  s.output_octets + s.input_octets DESC, -- if by_traffic
  s.session_seconds DESC, -- if by_seconds
  lower(COALESCE(a.username, s.username_raw)), -- if by_username
  s.seen_at, -- if by_silence
  s.id DESC
LIMIT :limit OFFSET :offset

-- name: online_sums
SELECT count(*), count(DISTINCT s.account_id), count(DISTINCT s.mac),
       CAST(COALESCE(SUM(s.input_octets), 0) AS BIGINT), CAST(COALESCE(SUM(s.output_octets), 0) AS BIGINT),
       CAST(COALESCE(SUM(CASE WHEN s.seen_at + 2 * s.interim_seconds + 60 < :now THEN 1 ELSE 0 END), 0) AS BIGINT)
FROM session s LEFT JOIN account a ON a.id = s.account_id
WHERE s.stopped_at IS NULL AND s.project_id IN (:project_ids)
  AND (lower(a.username) LIKE :words ESCAPE '\' OR lower(a.full_name) LIKE :words ESCAPE '\' OR s.ip LIKE :words ESCAPE '\' OR lower(s.username_raw) LIKE :words ESCAPE '\' OR s.mac = :mac_words OR s.account_id IN (SELECT i.account_id FROM identifier i WHERE i.project_id IN (:project_ids) AND i.value LIKE :words ESCAPE '\')) -- if words
  AND s.id IN (:session_ids) -- if session_ids
  AND s.nas_id = :nas_id -- if nas_id
  AND a.group_id IN (:group_ids) -- if group_ids
  AND s.account_id = :account_id -- if account_id
  AND s.access_kind = :access_kind -- if access_kind
  AND s.seen_at + 2 * s.interim_seconds + 60 < :silent_at -- if silent_at

-- name: online_by_nas
SELECT s.nas_id, count(*), MAX(s.seen_at) FROM session s
WHERE s.stopped_at IS NULL AND s.project_id IN (:project_ids) GROUP BY s.nas_id ORDER BY s.nas_id

-- name: online_by_kind
SELECT s.access_kind, count(*) FROM session s
WHERE s.stopped_at IS NULL AND s.project_id IN (:project_ids) GROUP BY s.access_kind ORDER BY s.access_kind

-- name: curve_before
SELECT count(*) FROM session s
WHERE s.project_id IN (:project_ids) AND s.started_at <= :from_at AND (s.stopped_at IS NULL OR s.stopped_at > :from_at)

-- name: curve_starts
SELECT (s.started_at - :from_at + :width - 1) / :width, count(*) FROM session s
WHERE s.project_id IN (:project_ids) AND s.started_at > :from_at AND s.started_at <= :to_at GROUP BY 1

-- name: curve_stops
SELECT (s.stopped_at - :from_at + :width - 1) / :width, count(*) FROM session s
WHERE s.project_id IN (:project_ids) AND s.stopped_at > :from_at AND s.stopped_at <= :to_at GROUP BY 1

-- name: attempts
SELECT t.id, t.project_id, t.at, t.account_id, (SELECT a.username FROM account a WHERE a.id = t.account_id),
       (SELECT a.full_name FROM account a WHERE a.id = t.account_id), t.username_raw, t.mac, t.ip, t.nas_id,
       (SELECT n.name FROM nas n WHERE n.id = t.nas_id), t.ssid, t.vlan, t.port_id, t.access_kind, t.proof_kind,
       t.accepted, t.reason, t.detail, t.lookup_code, t.acct_session_id
FROM attempt_all t
WHERE t.id > 0
  AND t.project_id IN (:project_ids) -- if by_project
  AND +t.project_id IN (:project_ids) -- if by_code
  AND t.account_id IN (SELECT w.id FROM account w WHERE w.project_id IN (:project_ids) AND w.group_id IN (:group_ids)) -- if group_ids
  AND t.at = :same_at AND t.id = :same_id -- if same_at
  AND (t.at > :after_at OR (t.at = :after_at AND t.id > :after_id)) -- if after_at
  AND (t.at < :before_at OR (t.at = :before_at AND t.id < :before_id)) -- if before_at
  AND t.account_id = :account_id -- if account_id
  AND t.account_id IN (SELECT i.account_id FROM identifier i WHERE i.project_id IN (:project_ids) AND i.value = :name -- if name
                       UNION ALL SELECT m.id FROM identifier i JOIN account m ON m.project_id = i.project_id AND m.merged_into = i.account_id WHERE i.project_id IN (:project_ids) AND i.value = :name) -- if name
  AND t.account_id IS NULL AND t.username_raw = :stranger -- if stranger
  AND (lower(t.username_raw) LIKE :words ESCAPE '\' OR t.ip LIKE :words ESCAPE '\' OR t.mac = :mac_words OR t.lookup_code = :code_words) -- if words
  AND t.nas_id IN (SELECT n.id FROM nas n WHERE n.name = :nas) -- if nas
  AND t.mac = :mac -- if mac
  AND t.ip = :ip -- if ip
  AND t.accepted = 1 -- if accepted
  AND t.accepted = 0 -- if refused
  AND t.reason = :reason -- if reason
  AND t.lookup_code = :lookup_code -- if lookup_code
  AND t.at >= :from_at -- if from_at
  AND t.at < :to_at -- if to_at
ORDER BY
  +t.at DESC, +t.id DESC, -- if sorted_down
  +t.at, +t.id, -- if sorted_up
  t.at DESC, t.id DESC, -- if newest_first
  t.at, t.id
LIMIT :limit OFFSET :offset

-- name: refused_by_reason
SELECT t.reason, count(*) FROM attempt_all t
WHERE t.project_id IN (:project_ids) AND t.at >= :from_at AND t.at < :to_at AND t.accepted = 0
GROUP BY t.reason ORDER BY 2 DESC, t.reason

-- name: known_name
SELECT i.account_id FROM identifier i
WHERE i.project_id IN (:project_ids) AND i.value = :name
  AND i.account_id IN (SELECT w.id FROM account w WHERE w.project_id IN (:project_ids) AND w.group_id IN (:group_ids)) -- if group_ids
LIMIT 1

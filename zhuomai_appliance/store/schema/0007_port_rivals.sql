-- Sessions of devices that tell no client address are told apart by port and user; there are few of them.

CREATE INDEX session_open_nameless ON session (nas_id, username_raw) WHERE stopped_at IS NULL AND mac IS NULL;

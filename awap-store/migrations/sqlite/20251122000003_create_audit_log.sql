-- Who did what to which row, written in the transaction of the change itself.
CREATE TABLE audit_log (
  id TEXT PRIMARY KEY,
  action TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id TEXT,
  actor_id TEXT,
  actor_type TEXT,
  metadata TEXT DEFAULT '{}',
  ip_address TEXT,
  user_agent TEXT,
  result TEXT,
  error_message TEXT,
  timestamp TEXT NOT NULL
);

CREATE INDEX audit_log_action_idx ON audit_log(action);
CREATE INDEX audit_log_resource_type_resource_id_idx ON audit_log(resource_type, resource_id);
CREATE INDEX audit_log_timestamp_idx ON audit_log(timestamp);

-- Who did what to which row, written in the transaction of the change itself.
CREATE TABLE audit_log (
  id UUID PRIMARY KEY,
  action VARCHAR NOT NULL,
  resource_type VARCHAR NOT NULL,
  resource_id UUID,
  actor_id VARCHAR,
  actor_type VARCHAR,
  metadata JSONB DEFAULT '{}',
  ip_address VARCHAR,
  user_agent VARCHAR,
  result VARCHAR,
  error_message TEXT,
  timestamp TIMESTAMP NOT NULL
);

CREATE INDEX ON audit_log(action);
CREATE INDEX ON audit_log(resource_type, resource_id);
CREATE INDEX ON audit_log(timestamp);

-- The event store where EVENT_STORE_URL is another database than DATABASE_URL: the same tables as beside the TMAs, filled with
-- the same rows.
CREATE TABLE events (
  global_position BIGINT PRIMARY KEY,
  stream_id VARCHAR NOT NULL,
  version BIGINT NOT NULL,
  event_id UUID NOT NULL UNIQUE,
  type VARCHAR NOT NULL,
  -- JSON as text: the hash is over these very bytes.
  data TEXT NOT NULL,
  metadata TEXT NOT NULL,
  recorded_at TIMESTAMP NOT NULL,
  prev_hash BYTEA NOT NULL,
  hash BYTEA NOT NULL,
  UNIQUE (stream_id, version)
);

CREATE INDEX events_type_idx ON events(type);

-- The end of the chain, which whoever copies events locks until the commit.
CREATE TABLE event_head (
  id SMALLINT PRIMARY KEY CHECK (id = 1),
  global_position BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  mac BYTEA
);

INSERT INTO event_head (id, global_position, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

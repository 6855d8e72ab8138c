-- The event store where EVENT_STORE_URL is another database than DATABASE_URL: the same tables as beside the TMAs, filled with
-- the same rows.
CREATE TABLE events (
  global_position INTEGER PRIMARY KEY,
  stream_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  event_id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  -- JSON as text: the hash is over these very bytes.
  data TEXT NOT NULL,
  metadata TEXT NOT NULL,
  recorded_at TEXT NOT NULL,
  prev_hash BLOB NOT NULL,
  hash BLOB NOT NULL,
  UNIQUE (stream_id, version)
);

CREATE INDEX events_type_idx ON events(type);

-- The end of the chain, which whoever copies events locks until the commit.
CREATE TABLE event_head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  global_position INTEGER NOT NULL,
  hash BLOB NOT NULL,
  mac BLOB
);

INSERT INTO event_head (id, global_position, hash) VALUES (1, 0, zeroblob(32));

-- The event store: streams with versions, in one global order, each event's hash over the one before.
CREATE TABLE events (
  global_position INTEGER PRIMARY KEY,
  stream_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  event_id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  -- JSON as text: the hash is over these very bytes, and JSONB would write numbers anew.
  data TEXT NOT NULL,
  metadata TEXT NOT NULL,
  recorded_at TEXT NOT NULL,
  prev_hash BLOB NOT NULL,
  hash BLOB NOT NULL,
  UNIQUE (stream_id, version)
);

CREATE INDEX events_type_idx ON events(type);

-- The end of the chain. Whoever appends locks this row until the commit, so that positions are given in the order of
-- commits: a reader who has seen position n has seen all before it. A cut-off end shows against it, too.
CREATE TABLE event_head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  global_position INTEGER NOT NULL,
  hash BLOB NOT NULL
);

INSERT INTO event_head (id, global_position, hash) VALUES (1, 0, zeroblob(32));

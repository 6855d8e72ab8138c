-- The event store: streams with versions, in one global order, each event's hash over the one before.
CREATE TABLE events (
  global_position BIGINT PRIMARY KEY,
  stream_id VARCHAR NOT NULL,
  version BIGINT NOT NULL,
  event_id UUID NOT NULL UNIQUE,
  type VARCHAR NOT NULL,
  -- JSON as text: the hash is over these very bytes, and JSONB would write numbers anew.
  data TEXT NOT NULL,
  metadata TEXT NOT NULL,
  recorded_at TIMESTAMP NOT NULL,
  prev_hash BYTEA NOT NULL,
  hash BYTEA NOT NULL,
  UNIQUE (stream_id, version)
);

CREATE INDEX events_type_idx ON events(type);

-- The end of the chain. Whoever appends locks this row until the commit, so that positions are given in the order of
-- commits: a reader who has seen position n has seen all before it. A cut-off end shows against it, too.
CREATE TABLE event_head (
  id SMALLINT PRIMARY KEY CHECK (id = 1),
  global_position BIGINT NOT NULL,
  hash BYTEA NOT NULL
);

INSERT INTO event_head (id, global_position, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

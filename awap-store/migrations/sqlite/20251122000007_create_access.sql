-- API keys, by their SHA-256.
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('admin', 'tutor', 'service')),
  key_hash BLOB NOT NULL UNIQUE,
  inserted_at TEXT NOT NULL,
  revoked_at TEXT
);

-- Idempotency keys, by a keyed hash of actor and key, with a keyed hash of what was sent under them.
CREATE TABLE idempotency_keys (
  key_hash BLOB PRIMARY KEY,
  request_hash BLOB NOT NULL,
  tma_id TEXT NOT NULL REFERENCES tmas(id) ON DELETE CASCADE,
  inserted_at TEXT NOT NULL
);

CREATE INDEX idempotency_keys_tma_id_idx ON idempotency_keys(tma_id);
CREATE INDEX idempotency_keys_inserted_at_idx ON idempotency_keys(inserted_at);

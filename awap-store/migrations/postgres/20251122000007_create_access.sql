-- API keys, by their SHA-256.
CREATE TABLE api_keys (
  id UUID PRIMARY KEY,
  name VARCHAR NOT NULL,
  role VARCHAR NOT NULL CHECK (role IN ('admin', 'tutor', 'service')),
  key_hash BYTEA NOT NULL UNIQUE,
  inserted_at TIMESTAMP NOT NULL,
  revoked_at TIMESTAMP
);

-- Idempotency keys, by a keyed hash of actor and key, with a keyed hash of what was sent under them.
CREATE TABLE idempotency_keys (
  key_hash BYTEA PRIMARY KEY,
  request_hash BYTEA NOT NULL,
  tma_id UUID NOT NULL REFERENCES tmas(id) ON DELETE CASCADE,
  inserted_at TIMESTAMP NOT NULL
);

CREATE INDEX idempotency_keys_tma_id_idx ON idempotency_keys(tma_id);
CREATE INDEX idempotency_keys_inserted_at_idx ON idempotency_keys(inserted_at);

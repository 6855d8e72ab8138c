-- What identifies a student: sealed, never in the clear. A sealed value begins with the id of its key.

-- The submission as it came in.
CREATE TABLE tma_originals (
  tma_id TEXT PRIMARY KEY REFERENCES tmas(id) ON DELETE CASCADE,
  sealed BLOB NOT NULL,
  key_id TEXT NOT NULL,
  inserted_at TEXT NOT NULL
);

CREATE INDEX tma_originals_key_id_idx ON tma_originals(key_id);

-- Pseudonym to identity.
CREATE TABLE vault (
  pseudonym TEXT PRIMARY KEY,
  sealed BLOB NOT NULL,
  key_id TEXT NOT NULL,
  inserted_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);

CREATE INDEX vault_key_id_idx ON vault(key_id);

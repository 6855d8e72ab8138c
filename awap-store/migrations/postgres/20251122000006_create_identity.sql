-- What identifies a student: sealed, never in the clear. A sealed value begins with the id of its key.

-- The submission as it came in.
CREATE TABLE tma_originals (
  tma_id UUID PRIMARY KEY REFERENCES tmas(id) ON DELETE CASCADE,
  sealed BYTEA NOT NULL,
  key_id VARCHAR NOT NULL,
  inserted_at TIMESTAMP NOT NULL
);

-- Ciphertext does not compress: do not try.
ALTER TABLE tma_originals ALTER COLUMN sealed SET STORAGE EXTERNAL;

CREATE INDEX tma_originals_key_id_idx ON tma_originals(key_id);

-- Pseudonym to identity.
CREATE TABLE vault (
  pseudonym VARCHAR PRIMARY KEY,
  sealed BYTEA NOT NULL,
  key_id VARCHAR NOT NULL,
  inserted_at TIMESTAMP NOT NULL,
  updated_at TIMESTAMP NOT NULL
);

CREATE INDEX vault_key_id_idx ON vault(key_id);

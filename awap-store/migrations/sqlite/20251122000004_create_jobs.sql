-- Work to be done on a TMA, claimed with a lease. Times here are the database's own clock, which all hosts share.
CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  tma_id TEXT NOT NULL REFERENCES tmas(id) ON DELETE CASCADE,
  status TEXT NOT NULL DEFAULT 'available'
    CHECK (status IN ('available', 'leased', 'completed', 'failed')),
  priority INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  max_attempts INTEGER NOT NULL,
  available_at TEXT NOT NULL,
  worker TEXT,
  lease_expires_at TEXT,
  error_code TEXT,
  error_message TEXT,
  inserted_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  finished_at TEXT
);

-- The order of claims: priority, then age.
CREATE INDEX jobs_ready_idx ON jobs(priority DESC, inserted_at, id) WHERE status = 'available';
CREATE INDEX jobs_leased_idx ON jobs(lease_expires_at) WHERE status = 'leased';
-- A TMA is worked on by one job at a time.
CREATE UNIQUE INDEX jobs_open_idx ON jobs(tma_id) WHERE status IN ('available', 'leased');
CREATE INDEX jobs_tma_id_idx ON jobs(tma_id);

-- Rubrics that the host keeps for all tutors. A TMA has its own copy of the rubric that it came with: what is changed or
-- removed here changes nothing that was handed in.
CREATE TABLE rubrics (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  -- JSON or YAML, as it was written.
  text TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  max_mark REAL NOT NULL,
  criteria INTEGER NOT NULL,
  updated_by TEXT,
  inserted_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);

CREATE INDEX rubrics_inserted_at_idx ON rubrics(inserted_at, id);

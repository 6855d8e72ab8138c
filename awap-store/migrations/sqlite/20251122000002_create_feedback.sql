-- Draft feedback, one row per TMA.
CREATE TABLE feedback (
  id TEXT PRIMARY KEY,
  tma_id TEXT NOT NULL REFERENCES tmas(id) ON DELETE CASCADE,
  grade REAL,
  feedback_text TEXT NOT NULL,
  marking_criteria TEXT,
  strengths TEXT,
  improvements TEXT,
  generated_at TEXT NOT NULL,
  reviewed_by TEXT,
  reviewed_at TEXT,
  inserted_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);

CREATE UNIQUE INDEX feedback_tma_id_idx ON feedback(tma_id);

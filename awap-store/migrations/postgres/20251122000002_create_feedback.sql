-- Draft feedback, one row per TMA.
CREATE TABLE feedback (
  id UUID PRIMARY KEY,
  tma_id UUID NOT NULL REFERENCES tmas(id) ON DELETE CASCADE,
  grade FLOAT,
  feedback_text TEXT NOT NULL,
  marking_criteria JSONB,
  strengths TEXT[],
  improvements TEXT[],
  generated_at TIMESTAMP NOT NULL,
  reviewed_by VARCHAR,
  reviewed_at TIMESTAMP,
  inserted_at TIMESTAMP NOT NULL,
  updated_at TIMESTAMP NOT NULL
);

CREATE UNIQUE INDEX ON feedback(tma_id);

-- Feedback as it was before each change of it: revision 1 is what the engine drafted.
CREATE TABLE feedback_revisions (
  tma_id UUID NOT NULL REFERENCES tmas(id) ON DELETE CASCADE,
  revision BIGINT NOT NULL,
  grade FLOAT,
  feedback_text TEXT NOT NULL,
  marking_criteria JSONB,
  strengths TEXT[],
  improvements TEXT[],
  reviewed_by VARCHAR,
  reviewed_at TIMESTAMP,
  -- When this wording came to be, and when another took its place.
  written_at TIMESTAMP NOT NULL,
  replaced_at TIMESTAMP NOT NULL,
  -- The actor who replaced it.
  replaced_by VARCHAR,
  PRIMARY KEY (tma_id, revision)
);

-- When a key was last seen, give or take a few minutes.
ALTER TABLE api_keys ADD COLUMN last_used_at TIMESTAMP;

-- Jobs that were given up, newest first.
CREATE INDEX jobs_failed_idx ON jobs(finished_at, id) WHERE status = 'failed';
-- Finished TMAs by age, for the retention period.
CREATE INDEX tmas_processed_at_idx ON tmas(processed_at) WHERE status IN ('completed', 'failed');
-- Who looked at a student.
CREATE INDEX audit_log_pseudonym_idx ON audit_log((metadata->>'pseudonym'), timestamp)
  WHERE metadata->>'pseudonym' IS NOT NULL;

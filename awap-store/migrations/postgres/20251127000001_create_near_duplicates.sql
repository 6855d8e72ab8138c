-- Cohorts (the TMAs of one assignment of a course) in which something changed since they were last compared. A row goes when
-- a comparison ends that saw all its changes.
CREATE TABLE comparisons (
  course_id VARCHAR NOT NULL,
  assignment_id VARCHAR NOT NULL,
  -- Counts what changed, so that what changes while a comparison runs is seen.
  changes BIGINT NOT NULL,
  -- When something changed first and last.
  waiting_since TIMESTAMP NOT NULL,
  changed_at TIMESTAMP NOT NULL,
  attempts BIGINT NOT NULL DEFAULT 0,
  worker VARCHAR,
  lease_expires_at TIMESTAMP,
  PRIMARY KEY (course_id, assignment_id)
);

CREATE INDEX comparisons_waiting_since_idx ON comparisons(waiting_since);
CREATE INDEX tmas_cohort_idx ON tmas(course_id, assignment_id, submitted_at, id);

-- Two TMAs that have text in common, each pair once from the side of either.
CREATE TABLE near_duplicates (
  tma_id UUID NOT NULL REFERENCES tmas(id) ON DELETE CASCADE,
  other_id UUID NOT NULL REFERENCES tmas(id) ON DELETE CASCADE,
  -- Of the shorter text, from 0 to 1.
  share FLOAT NOT NULL,
  words BIGINT NOT NULL,
  -- Places in both texts: bytes of parsed.text, and nothing of what stands there.
  passages JSONB NOT NULL,
  inserted_at TIMESTAMP NOT NULL,
  PRIMARY KEY (tma_id, other_id)
);

CREATE INDEX near_duplicates_other_id_idx ON near_duplicates(other_id);

-- What was marked before this table was made is compared too.
INSERT INTO comparisons (course_id, assignment_id, changes, waiting_since, changed_at)
  SELECT course_id, assignment_id, 1, MIN(updated_at), MAX(updated_at) FROM tmas WHERE status = 'completed'
  GROUP BY course_id, assignment_id;

-- Cohorts (the TMAs of one assignment of a course) in which something changed since they were last compared. A row goes when
-- a comparison ends that saw all its changes.
CREATE TABLE comparisons (
  course_id TEXT NOT NULL,
  assignment_id TEXT NOT NULL,
  -- Counts what changed, so that what changes while a comparison runs is seen.
  changes INTEGER NOT NULL,
  -- When something changed first and last.
  waiting_since TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  worker TEXT,
  lease_expires_at TEXT,
  PRIMARY KEY (course_id, assignment_id)
);

CREATE INDEX comparisons_waiting_since_idx ON comparisons(waiting_since);
CREATE INDEX tmas_cohort_idx ON tmas(course_id, assignment_id, submitted_at, id);

-- Two TMAs that have text in common, each pair once from the side of either.
CREATE TABLE near_duplicates (
  tma_id TEXT NOT NULL REFERENCES tmas(id) ON DELETE CASCADE,
  other_id TEXT NOT NULL REFERENCES tmas(id) ON DELETE CASCADE,
  -- Of the shorter text, from 0 to 1.
  share REAL NOT NULL,
  words INTEGER NOT NULL,
  -- Places in both texts: bytes of parsed.text, and nothing of what stands there.
  passages TEXT NOT NULL,
  inserted_at TEXT NOT NULL,
  PRIMARY KEY (tma_id, other_id)
);

CREATE INDEX near_duplicates_other_id_idx ON near_duplicates(other_id);

-- What was marked before this table was made is compared too.
INSERT INTO comparisons (course_id, assignment_id, changes, waiting_since, changed_at)
  SELECT course_id, assignment_id, 1, MIN(updated_at), MAX(updated_at) FROM tmas WHERE status = 'completed'
  GROUP BY course_id, assignment_id;

-- What came from Moodle, and what goes back. Ids here are Moodle's own numbers; whose work it is, and the names of files, are
-- sealed alone.

-- A submission in Moodle that was taken in. The row outlives its TMA (sealed is NULL then), so that what was erased or
-- purged here, and still lies in Moodle, is not taken in again.
CREATE TABLE moodle_submissions (
  site TEXT NOT NULL,
  submission_id INTEGER NOT NULL,
  course_id INTEGER NOT NULL,
  assignment_id INTEGER NOT NULL,
  -- Keyed hashes: of whose work it is, by which a later attempt is found; of what Moodle says of it, by which a change
  -- shows without a download; of what is in it.
  owner_hash BLOB NOT NULL,
  seen_hash BLOB NOT NULL,
  content_hash BLOB NOT NULL,
  -- The newest TMA made of it, and which version that is; 0 within the transaction that makes the first.
  version INTEGER NOT NULL,
  tma_id TEXT,
  -- The student, or the members of a team, and the grade that Moodle had when the work was taken.
  sealed BLOB,
  key_id TEXT,
  inserted_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (site, submission_id)
);

CREATE INDEX moodle_submissions_owner_idx ON moodle_submissions(site, assignment_id, owner_hash);
CREATE INDEX moodle_submissions_tma_id_idx ON moodle_submissions(tma_id);
CREATE INDEX moodle_submissions_key_id_idx ON moodle_submissions(key_id);

-- Where a TMA came from: one version of a student's or team's work on an assignment.
CREATE TABLE tma_origins (
  tma_id TEXT PRIMARY KEY REFERENCES tmas(id) ON DELETE CASCADE,
  site TEXT NOT NULL,
  course_id INTEGER NOT NULL,
  assignment_id INTEGER NOT NULL,
  submission_id INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  group_id INTEGER,
  version INTEGER NOT NULL,
  -- The versions before and after. They may be gone: the ids stay.
  previous_id TEXT,
  superseded_by TEXT,
  submitted_at TEXT,
  due_at TEXT,
  extension_due_at TEXT,
  files INTEGER NOT NULL,
  unread_files INTEGER NOT NULL,
  -- Area, path, name, SHA-1 and size of each file.
  sealed BLOB NOT NULL,
  key_id TEXT NOT NULL,
  inserted_at TEXT NOT NULL
);

CREATE INDEX tma_origins_submission_idx ON tma_origins(site, submission_id);
CREATE INDEX tma_origins_key_id_idx ON tma_origins(key_id);

-- The outbox: approved grades on their way to Moodle, each with what was approved.
CREATE TABLE moodle_uploads (
  id TEXT PRIMARY KEY,
  tma_id TEXT NOT NULL REFERENCES tmas(id) ON DELETE CASCADE,
  feedback_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'conflict', 'failed', 'superseded')),
  grade REAL,
  feedback_text TEXT NOT NULL,
  marking_criteria TEXT,
  reviewed_by TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  available_at TEXT NOT NULL,
  worker TEXT,
  lease_expires_at TEXT,
  error_code TEXT,
  error_message TEXT,
  -- Numbers that a conflict is about: nothing of a person's.
  details TEXT,
  inserted_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  finished_at TEXT
);

CREATE UNIQUE INDEX moodle_uploads_queued_idx ON moodle_uploads(tma_id) WHERE state = 'queued';
CREATE INDEX moodle_uploads_ready_idx ON moodle_uploads(available_at, id) WHERE state = 'queued';
CREATE INDEX moodle_uploads_leased_idx ON moodle_uploads(lease_expires_at) WHERE state = 'sending';
CREATE INDEX moodle_uploads_tma_id_idx ON moodle_uploads(tma_id, id);
CREATE INDEX moodle_uploads_inserted_at_idx ON moodle_uploads(inserted_at, id);

-- Assignments that are synced: up to when their submissions were seen (seconds since 1970, Moodle's clock), and how the last
-- sync of each went.
CREATE TABLE moodle_assignments (
  site TEXT NOT NULL,
  assignment_id INTEGER NOT NULL,
  course_id INTEGER NOT NULL,
  facts TEXT NOT NULL,
  watermark INTEGER,
  listed_at TEXT,
  error_code TEXT,
  error_message TEXT,
  synced_at TEXT NOT NULL,
  inserted_at TEXT NOT NULL,
  PRIMARY KEY (site, assignment_id)
);

-- One sync at a time over all hosts: who does it, until when, and how the last one went.
CREATE TABLE moodle_syncs (
  site TEXT PRIMARY KEY,
  holder TEXT,
  lease_expires_at TEXT,
  started_at TEXT NOT NULL,
  finished_at TEXT,
  outcome TEXT,
  report TEXT NOT NULL
);

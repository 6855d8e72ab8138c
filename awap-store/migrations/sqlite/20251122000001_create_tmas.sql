-- Types on SQLite: UUIDs as text, times as text of fixed width (2025-11-22T13:54:00.000000Z, so that they sort), JSON and
-- lists as JSON text.

-- One row per Tutor Marked Assignment. Until it is anonymized, content only says where the sealed original lies.
CREATE TABLE tmas (
  id TEXT PRIMARY KEY,
  assignment_id TEXT NOT NULL,
  student_id TEXT NOT NULL,
  course_id TEXT NOT NULL,
  content TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'pending',
  job_id TEXT,
  error_message TEXT,
  submitted_at TEXT NOT NULL,
  processed_at TEXT,
  inserted_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);

CREATE INDEX tmas_assignment_id_idx ON tmas(assignment_id);
CREATE INDEX tmas_student_id_idx ON tmas(student_id);
CREATE INDEX tmas_status_idx ON tmas(status);
CREATE INDEX tmas_course_id_idx ON tmas(course_id);
-- Lists go newest first, from a cursor of both columns.
CREATE INDEX tmas_submitted_at_id_idx ON tmas(submitted_at, id);

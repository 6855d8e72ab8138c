-- One row per Tutor Marked Assignment. Until it is anonymized, content only says where the sealed original lies.
CREATE TABLE tmas (
  id UUID PRIMARY KEY,
  assignment_id VARCHAR NOT NULL,
  student_id VARCHAR NOT NULL,
  course_id VARCHAR NOT NULL,
  content JSONB NOT NULL,
  status VARCHAR NOT NULL DEFAULT 'pending',
  job_id VARCHAR,
  error_message TEXT,
  submitted_at TIMESTAMP NOT NULL,
  processed_at TIMESTAMP,
  inserted_at TIMESTAMP NOT NULL,
  updated_at TIMESTAMP NOT NULL
);

CREATE INDEX ON tmas(assignment_id);
CREATE INDEX ON tmas(student_id);
CREATE INDEX ON tmas(status);
CREATE INDEX ON tmas(course_id);
-- Lists go newest first, from a cursor of both columns.
CREATE INDEX ON tmas(submitted_at, id);

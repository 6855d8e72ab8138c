-- Rubrics that the host keeps for all tutors. A TMA has its own copy of the rubric that it came with: what is changed or
-- removed here changes nothing that was handed in.
CREATE TABLE rubrics (
  id UUID PRIMARY KEY,
  name VARCHAR NOT NULL UNIQUE,
  -- JSON or YAML, as it was written.
  text TEXT NOT NULL,
  sha256 VARCHAR NOT NULL,
  max_mark FLOAT NOT NULL,
  criteria BIGINT NOT NULL,
  updated_by VARCHAR,
  inserted_at TIMESTAMP NOT NULL,
  updated_at TIMESTAMP NOT NULL
);

CREATE INDEX rubrics_inserted_at_idx ON rubrics(inserted_at, id);

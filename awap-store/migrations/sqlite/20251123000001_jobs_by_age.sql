-- The order of those claims that go by age alone.
CREATE INDEX jobs_oldest_idx ON jobs(inserted_at, id) WHERE status = 'available';

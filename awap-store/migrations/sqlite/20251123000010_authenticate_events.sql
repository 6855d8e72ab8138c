-- A keyed hash (HMAC-SHA-256) of the end of the chain, which nobody makes who has the database and not the key. NULL before the
-- first event.
ALTER TABLE event_head ADD COLUMN mac BLOB;

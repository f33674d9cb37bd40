-- migrate:up transaction:false
CREATE TABLE votes (poll_id int NOT NULL REFERENCES polls (id), choice smallint NOT NULL);
CREATE INDEX CONCURRENTLY votes_poll ON votes (poll_id);

-- migrate:down transaction:false
DROP TABLE votes;

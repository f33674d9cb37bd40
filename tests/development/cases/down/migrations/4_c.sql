-- migrate:up
CREATE TABLE c ();
-- migrate:down
DROP TABLE c;

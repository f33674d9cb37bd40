CREATE TABLE pairs (id int PRIMARY KEY, note text);
CREATE DOMAIN positive AS int NOT NULL CHECK (VALUE > 0);
CREATE TABLE parents (id int PRIMARY KEY, name text NOT NULL, note text, born timestamp
    NOT NULL DEFAULT now(), doc jsonb NOT NULL DEFAULT '{}', tags text[] NOT NULL);
CREATE TABLE children (id int PRIMARY KEY, parent_id int NOT NULL REFERENCES parents,
    friend_id int REFERENCES parents, later_id int NOT NULL REFERENCES parents
    DEFERRABLE, title text NOT NULL, note text, total int GENERATED ALWAYS AS
    (length(note)) STORED);
CREATE TABLE hidden (id int PRIMARY KEY, name text NOT NULL);
ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
CREATE TABLE seen (id int PRIMARY KEY, hidden_id int NOT NULL REFERENCES hidden);
CREATE TABLE watched (id int PRIMARY KEY, note text);
CREATE FUNCTION blank() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN new.note := NULL; RETURN new; END $$;
CREATE TRIGGER blank BEFORE INSERT OR UPDATE ON watched FOR EACH ROW
    EXECUTE FUNCTION blank();
CREATE TABLE parts (id int NOT NULL, note text) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE MATERIALIZED VIEW counts AS SELECT parent_id, count(*) AS n, max(note) AS note
    FROM children GROUP BY parent_id;
CREATE FUNCTION mine(int) RETURNS int LANGUAGE sql STRICT IMMUTABLE AS 'SELECT $1';

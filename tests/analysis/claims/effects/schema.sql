CREATE TABLE parents (id int PRIMARY KEY, slug text NOT NULL UNIQUE, note text,
    CONSTRAINT note_long CHECK (length(note) > 1));
CREATE TABLE children (id int PRIMARY KEY,
    parent_id int NOT NULL CONSTRAINT parent REFERENCES parents,
    other_id int CONSTRAINT other REFERENCES parents ON DELETE SET NULL
        ON UPDATE CASCADE,
    kind text NOT NULL CONSTRAINT kind_known CHECK (kind IN ('a', 'b')), rank int,
    CONSTRAINT one_rank UNIQUE (parent_id, rank));
CREATE TABLE toys (id int PRIMARY KEY,
    child_id int NOT NULL CONSTRAINT of_child REFERENCES children ON DELETE CASCADE);
CREATE TABLE marks (toy_id int CONSTRAINT of_toy REFERENCES toys);
CREATE UNIQUE INDEX note_once ON parents (note) WHERE id > 0;
CREATE TABLE places (id int PRIMARY KEY, rank int, parent_id int, other_id int,
    kind varchar);
CREATE UNIQUE INDEX rank_once ON places (rank) WHERE other_id IS NULL;
CREATE UNIQUE INDEX kind_once ON places (parent_id)
    WHERE kind = 'a' AND rank IS NOT NULL;
CREATE UNIQUE INDEX slug_folded ON parents (lower(slug));
CREATE VIEW family AS SELECT p.id, p.slug, c.id AS child_id FROM parents p
    LEFT JOIN children c ON c.parent_id = p.id;
CREATE VIEW slugs AS SELECT id, slug FROM parents;
CREATE MATERIALIZED VIEW totals AS SELECT parent_id, count(*) FROM children GROUP BY 1;
CREATE TABLE times (at timestamp PRIMARY KEY, day date UNIQUE,
    zoned timestamptz UNIQUE);
CREATE TABLE base (id int PRIMARY KEY);
CREATE TABLE derived () INHERITS (base);
CREATE TABLE split (id int, kind int) PARTITION BY LIST (kind);
CREATE TABLE split_one PARTITION OF split FOR VALUES IN (1) PARTITION BY LIST (id);
CREATE TABLE split_rest PARTITION OF split_one DEFAULT;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RETURN new; END $$;
CREATE TRIGGER emptied AFTER TRUNCATE ON toys EXECUTE FUNCTION touch();
CREATE TRIGGER touched BEFORE UPDATE ON toys FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE SEQUENCE numbers;
CREATE TABLE ruled (id int);
CREATE RULE also AS ON INSERT TO ruled DO ALSO INSERT INTO marks VALUES (new.id);
CREATE TABLE guarded (id int);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY marked ON guarded USING (id IN (SELECT toy_id FROM marks));

CREATE FUNCTION noting(int) RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO marks VALUES (NULL); RETURN $1; END $$;
CREATE FUNCTION checking(int) RETURNS bool LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO marks VALUES (NULL); RETURN true; END $$;
CREATE FUNCTION alike(int, int) RETURNS bool LANGUAGE plpgsql AS
    $$ BEGIN RETURN $1 = $2; END $$;
CREATE FUNCTION looking() RETURNS bigint STABLE LANGUAGE sql AS
    'SELECT count(*) FROM marks';
CREATE FUNCTION adding(int, int) RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO marks VALUES (NULL); RETURN $1 + $2; END $$;
CREATE AGGREGATE noted_sum (int) (SFUNC = adding, STYPE = int, INITCOND = '0');
CREATE AGGREGATE noted_end (int)
    (SFUNC = int4pl, STYPE = int, FINALFUNC = noting, INITCOND = '0');
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = alike);
CREATE DOMAIN checked AS int CHECK (checking(VALUE));
CREATE DOMAIN counted AS int CHECK (VALUE < nextval('numbers'));
CREATE DOMAIN plain AS int CHECK (VALUE > 0);
CREATE TYPE holder AS (a int, b checked);
CREATE TABLE held (id int, c checked);
CREATE TABLE watched (id int);
ALTER TABLE watched ENABLE ROW LEVEL SECURITY;
CREATE POLICY noted ON watched FOR SELECT USING (checking(id));
CREATE VIEW noting_view AS SELECT noting(id) AS id FROM parents;
CREATE PROCEDURE work() LANGUAGE sql AS 'DELETE FROM marks';
CREATE FUNCTION seen(int, int) RETURNS bool STABLE LANGUAGE sql AS
    'SELECT EXISTS (SELECT FROM marks WHERE toy_id = $1 + $2)';
CREATE OPERATOR ==== (LEFTARG = int, RIGHTARG = int, FUNCTION = seen);
CREATE TABLE examined (id int, CHECK (checking(id)), CHECK (id ==== 1));
CREATE TABLE roots (id int PRIMARY KEY);
CREATE TABLE examined_too (root int REFERENCES roots ON DELETE SET NULL,
    CHECK (checking(root)));

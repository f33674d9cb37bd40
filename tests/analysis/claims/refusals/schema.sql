-- What can refuse a write: constraints of all kinds, on tables of all kinds.
CREATE DOMAIN short AS text CONSTRAINT short_length CHECK (length(VALUE) < 9);
CREATE DOMAIN shorter AS short CONSTRAINT shorter_length CHECK (length(VALUE) < 5);
-- Names that another constraint has too.
CREATE DOMAIN brief AS text CONSTRAINT short_length CHECK (length(VALUE) < 3);
CREATE DOMAIN titled AS text CONSTRAINT named CHECK (VALUE <> '');
CREATE DOMAIN given AS int NOT NULL;
CREATE TYPE pair AS (code short, n int);

CREATE TABLE owners (
    id int PRIMARY KEY,
    name text NOT NULL CONSTRAINT name_once UNIQUE,
    nick text CONSTRAINT nick_once UNIQUE NULLS NOT DISTINCT,
    late text CONSTRAINT late_once UNIQUE DEFERRABLE,
    first int, second int,
    CONSTRAINT both_once UNIQUE (first, second),
    CONSTRAINT ordered CHECK (first < second),
    CONSTRAINT named CHECK (name <> '')
);
CREATE UNIQUE INDEX late_again ON owners (late);
ALTER TABLE owners ADD CONSTRAINT polite CHECK (nick <> 'x') NOT VALID;

-- Foreign keys with every action, of one and of two columns.
CREATE TABLE restricted (id int PRIMARY KEY, owner_id int NOT NULL
    CONSTRAINT restricted_owner REFERENCES owners ON DELETE RESTRICT);
CREATE TABLE cascaded (id int PRIMARY KEY, owner_id int
    CONSTRAINT cascaded_owner REFERENCES owners ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT owner_is_small CHECK (owner_id < 100));
CREATE TABLE below (id int PRIMARY KEY, cascaded_id int
    CONSTRAINT below_cascaded REFERENCES cascaded ON DELETE SET NULL);
CREATE TABLE nulled (id int PRIMARY KEY, owner_id int NOT NULL
    CONSTRAINT nulled_owner REFERENCES owners ON DELETE SET NULL);
CREATE TABLE defaulted (id int PRIMARY KEY, owner_id int DEFAULT 1
    CONSTRAINT defaulted_owner REFERENCES owners
    ON DELETE SET DEFAULT ON UPDATE SET DEFAULT);
CREATE TABLE undefaulted (id int PRIMARY KEY, owner_id int
    CONSTRAINT undefaulted_owner REFERENCES owners
    ON DELETE SET DEFAULT ON UPDATE SET NULL);
CREATE TABLE by_two (id int PRIMARY KEY, a int, b int NOT NULL,
    CONSTRAINT two_simple FOREIGN KEY (a, b) REFERENCES owners (first, second)
    ON DELETE SET NULL (a) ON UPDATE CASCADE);
CREATE TABLE by_full (id int PRIMARY KEY, a int, b int,
    CONSTRAINT two_full FOREIGN KEY (a, b) REFERENCES owners (first, second) MATCH FULL
    ON DELETE SET NULL ON UPDATE SET NULL);
CREATE TABLE by_full_one (id int PRIMARY KEY, a int, b int,
    CONSTRAINT two_full_one FOREIGN KEY (a, b) REFERENCES owners (first, second)
    MATCH FULL ON DELETE SET NULL (a));
CREATE TABLE by_full_default (id int PRIMARY KEY, a int DEFAULT 1, b int,
    CONSTRAINT two_full_default FOREIGN KEY (a, b) REFERENCES owners (first, second)
    MATCH FULL ON DELETE SET DEFAULT);

CREATE TABLE trees (id int PRIMARY KEY, parent_id int
    CONSTRAINT tree_parent REFERENCES trees ON DELETE CASCADE);

-- Partitions, with constraints of their own.
CREATE TABLE events (id int, kind text, note text NOT NULL, amount int,
    CONSTRAINT events_amount CHECK (amount > 0), PRIMARY KEY (id, kind))
    PARTITION BY LIST (kind);
CREATE TABLE events_a PARTITION OF events FOR VALUES IN ('a');
CREATE TABLE events_b PARTITION OF events (CONSTRAINT b_note CHECK (note <> 'b'))
    FOR VALUES IN ('b') PARTITION BY RANGE (id);
CREATE TABLE events_b_1 PARTITION OF events_b (CONSTRAINT b_amount CHECK (amount < 9))
    FOR VALUES FROM (0) TO (10);
CREATE UNIQUE INDEX ON events_a (note);
ALTER TABLE events_a ADD CONSTRAINT a_note UNIQUE (note);
CREATE TABLE whole (id int PRIMARY KEY, owner_id int
    CONSTRAINT whole_owner REFERENCES owners ON DELETE CASCADE) PARTITION BY HASH (id);
CREATE TABLE whole_0 PARTITION OF whole FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE halves (id int PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE halves_0 PARTITION OF halves FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE defaults (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
CREATE TABLE defaults_all PARTITION OF defaults DEFAULT;
CREATE TABLE of_events (id int PRIMARY KEY, event_id int, kind text,
    CONSTRAINT event FOREIGN KEY (event_id, kind) REFERENCES events);

-- Inheritance.
CREATE TABLE base (id int NOT NULL, note text, CONSTRAINT base_note CHECK (note <> ''),
    CONSTRAINT base_alone CHECK (id > 0) NO INHERIT);
CREATE TABLE derived (extra int NOT NULL, CONSTRAINT derived_extra CHECK (extra > 0),
    CONSTRAINT derived_note UNIQUE (note)) INHERITS (base);

-- Exclusion, periods, domains, generated columns.
CREATE TABLE rooms (id int4range, during daterange, note text,
    CONSTRAINT apart EXCLUDE USING gist (during WITH &&) WHERE (note IS NULL));
CREATE TABLE stays (room int4range, during daterange, floor int4range,
    CONSTRAINT no_overlap PRIMARY KEY (room, during WITHOUT OVERLAPS),
    CONSTRAINT stay_unique UNIQUE (floor, during WITHOUT OVERLAPS));
CREATE TABLE visits (id int PRIMARY KEY, room int4range, during daterange,
    CONSTRAINT covered FOREIGN KEY (room, PERIOD during)
    REFERENCES stays (room, PERIOD during));
CREATE TABLE worded (id int PRIMARY KEY, word short, words short[], pair pair,
    shorter shorter, must given, made short GENERATED ALWAYS AS (note) STORED,
    note text, brief brief, titled titled, doubled int GENERATED ALWAYS AS (id * 2) STORED
    CONSTRAINT doubled_small CHECK (doubled < 100));

-- Row-level security.
CREATE TABLE guarded (id int PRIMARY KEY, tenant int NOT NULL, note text);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON guarded USING (tenant = current_setting('app.tenant')::int);
CREATE TABLE readable (id int PRIMARY KEY, tenant int NOT NULL, note text);
ALTER TABLE readable ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON readable FOR SELECT USING (tenant = 1);
CREATE POLICY deletes ON readable FOR DELETE USING (note = 'x');
CREATE TABLE rewritable (id int PRIMARY KEY, tenant int NOT NULL, note text);
ALTER TABLE rewritable ENABLE ROW LEVEL SECURITY;
CREATE POLICY writes ON rewritable FOR UPDATE USING (tenant = 1) WITH CHECK (true);
CREATE POLICY sees ON rewritable FOR SELECT USING (true);
CREATE TABLE same_check (id int PRIMARY KEY, tenant int NOT NULL, note text);
ALTER TABLE same_check ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_of ON same_check USING (tenant = 1) WITH CHECK (tenant = 1);

-- Views with a check option, triggers, rules, a foreign table.
CREATE VIEW small AS SELECT * FROM owners WHERE first < 10 WITH LOCAL CHECK OPTION;
CREATE VIEW smaller AS SELECT * FROM small WHERE second < 10 WITH CASCADED CHECK OPTION;
CREATE VIEW plain_view AS SELECT * FROM owners WHERE first < 10;
CREATE TABLE log (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text);
CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO log (note) VALUES ('x'); RETURN new; END $$;
CREATE TABLE watched (id int PRIMARY KEY, note text, other text);
CREATE TRIGGER on_insert AFTER INSERT ON watched FOR EACH ROW EXECUTE FUNCTION log();
CREATE TRIGGER on_note BEFORE UPDATE OF note ON watched FOR EACH ROW
    EXECUTE FUNCTION log();
CREATE TRIGGER on_truncate AFTER TRUNCATE ON watched EXECUTE FUNCTION log();
CREATE TABLE watched_parts (id int, note text) PARTITION BY RANGE (id);
CREATE TRIGGER on_part BEFORE UPDATE OF note ON watched_parts FOR EACH STATEMENT
    EXECUTE FUNCTION log();
CREATE TABLE watched_part PARTITION OF watched_parts DEFAULT;
CREATE TABLE ruled (id int PRIMARY KEY, note text);
CREATE RULE ruled_log AS ON DELETE TO ruled DO ALSO
    INSERT INTO log (note) VALUES (old.note);
CREATE FUNCTION checked(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
    $$ BEGIN RETURN $1 > 0; END $$;
CREATE TABLE clocked (id int PRIMARY KEY, at timestamptz,
    CONSTRAINT in_the_past CHECK (at < now()), note text);
CREATE MATERIALIZED VIEW kept AS SELECT id, name FROM owners;
CREATE UNIQUE INDEX ON kept (id);
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE distant (id int NOT NULL, note text) SERVER far;

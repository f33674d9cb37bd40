CREATE TABLE t (
    id int PRIMARY KEY, tenant int NOT NULL, a int, b int, name text NOT NULL,
    UNIQUE (tenant, name)
);
CREATE TABLE u (id int PRIMARY KEY, t_id int NOT NULL, tag text, UNIQUE (t_id, tag));
CREATE VIEW named AS SELECT id AS number, name FROM t WHERE a > 0;

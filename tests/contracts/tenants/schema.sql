CREATE FUNCTION current_tenant() RETURNS int LANGUAGE sql STABLE
    RETURN nullif(current_setting('app.tenant_id', true), '')::int;
CREATE TABLE plans (code text PRIMARY KEY, price int NOT NULL);
CREATE TABLE projects (
    tenant_id int NOT NULL, id int PRIMARY KEY, name text NOT NULL,
    plan text REFERENCES plans, owner int,
    UNIQUE (tenant_id, id), UNIQUE (tenant_id, name)
);
CREATE TABLE tasks (
    tenant_id int NOT NULL DEFAULT current_tenant(), id int PRIMARY KEY,
    project_id int NOT NULL, parent_id int, title text NOT NULL, done bool NOT NULL,
    CONSTRAINT tasks_project_fkey FOREIGN KEY (tenant_id, project_id)
        REFERENCES projects (tenant_id, id) ON DELETE CASCADE,
    UNIQUE (tenant_id, id)
);
CREATE TABLE notes (
    tenant_id int NOT NULL, id int PRIMARY KEY, task_id int NOT NULL, body text NOT NULL,
    UNIQUE (tenant_id, id)
);
CREATE TABLE labels (
    tenant_id int NOT NULL, name text NOT NULL, uses int NOT NULL,
    CONSTRAINT labels_pkey PRIMARY KEY (tenant_id, name)
);
CREATE TABLE slugs (tenant_id int NOT NULL, slug text PRIMARY KEY, hits int NOT NULL);
CREATE TABLE badges (
    tenant_id int NOT NULL, id int PRIMARY KEY,
    slug text REFERENCES slugs (slug) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE events (tenant_id int NOT NULL, at int NOT NULL, kind text NOT NULL)
    PARTITION BY RANGE (at);
CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (0) TO (50);
CREATE TABLE events_high PARTITION OF events FOR VALUES FROM (50) TO (1000);
CREATE TABLE base (id int NOT NULL);
CREATE TABLE derived (tenant_id int NOT NULL) INHERITS (base);
CREATE VIEW open_tasks AS SELECT * FROM tasks WHERE NOT done;
CREATE VIEW task_counts AS
    SELECT tenant_id, project_id, count(*) AS n FROM tasks GROUP BY tenant_id, project_id;
CREATE VIEW project_counts AS
    SELECT project_id, count(*) AS n FROM tasks GROUP BY project_id;
CREATE VIEW everything AS
    SELECT tenant_id, id, title FROM tasks UNION ALL
    SELECT tenant_id, id, body FROM notes;
CREATE VIEW newest AS SELECT * FROM tasks ORDER BY id DESC LIMIT 3;
CREATE VIEW ranked AS
    SELECT tenant_id, id, rank() OVER (PARTITION BY tenant_id ORDER BY id) AS place
    FROM tasks;
CREATE VIEW ranked_together AS
    SELECT tenant_id, id, rank() OVER (ORDER BY id) AS place FROM tasks;
CREATE MATERIALIZED VIEW totals AS
    SELECT tenant_id, count(*) AS n FROM tasks GROUP BY tenant_id;
CREATE MATERIALIZED VIEW grand_total AS SELECT count(*) AS n FROM tasks;
CREATE FUNCTION own_titles() RETURNS SETOF text LANGUAGE sql STABLE
BEGIN ATOMIC SELECT title FROM tasks WHERE tenant_id = current_tenant(); END;
CREATE FUNCTION all_titles() RETURNS SETOF text LANGUAGE sql STABLE
BEGIN ATOMIC SELECT title FROM tasks; END;
CREATE FUNCTION shout(a text) RETURNS text LANGUAGE sql IMMUTABLE RETURN upper(a);
CREATE FUNCTION opaque(a text) RETURNS text LANGUAGE plpgsql STABLE
    AS 'BEGIN RETURN (SELECT min(title) FROM tasks); END';
CREATE TABLE chains (tenant_id int NOT NULL, slug text, UNIQUE (tenant_id, slug));
CREATE TABLE links (
    tenant_id int NOT NULL, slug text UNIQUE, UNIQUE (tenant_id, slug),
    FOREIGN KEY (tenant_id, slug) REFERENCES chains (tenant_id, slug)
        ON UPDATE CASCADE ON DELETE SET NULL (slug)
);
CREATE TABLE ends (
    tenant_id int NOT NULL, slug text REFERENCES links (slug) ON UPDATE CASCADE
);
CREATE TABLE shares (tenant_id int NOT NULL, owner int NOT NULL, n int NOT NULL);
CREATE TABLE regions (tenant_id varchar NOT NULL, n int NOT NULL);
CREATE FUNCTION second_titles() RETURNS SETOF text LANGUAGE sql STABLE
    SET app.tenant_id = '2'
BEGIN ATOMIC SELECT title FROM tasks WHERE tenant_id = current_tenant(); END;
CREATE FUNCTION second_tenant() RETURNS int LANGUAGE sql STABLE
    SET app.tenant_id = '2' RETURN current_setting('app.tenant_id')::int;

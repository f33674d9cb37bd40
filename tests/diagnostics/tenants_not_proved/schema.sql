CREATE TABLE projects (tenant_id int NOT NULL, id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE tasks (
    tenant_id int NOT NULL,
    id int PRIMARY KEY,
    project_id int NOT NULL REFERENCES projects ON DELETE CASCADE,
    title text NOT NULL
);
CREATE VIEW counts AS SELECT project_id, count(*) AS n FROM tasks GROUP BY project_id;
CREATE FUNCTION newest() RETURNS text LANGUAGE plpgsql STABLE
    AS 'BEGIN RETURN (SELECT max(title) FROM tasks); END';

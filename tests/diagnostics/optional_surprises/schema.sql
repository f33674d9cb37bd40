CREATE TABLE tasks (
    id integer PRIMARY KEY,
    parent_id integer REFERENCES tasks,
    grp integer NOT NULL,
    a integer,
    b integer,
    c integer
);
CREATE TABLE tags (
    task_id integer NOT NULL REFERENCES tasks,
    tag text NOT NULL,
    weight integer NOT NULL,
    PRIMARY KEY (task_id, tag)
);

-- Labels, many for each task.
CREATE TABLE labels (
    task bigint NOT NULL REFERENCES tasks (id),
    label text NOT NULL
);

CREATE INDEX labels_idx ON labels (task, lable);

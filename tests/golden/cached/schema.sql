CREATE TABLE owners (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE tasks (id int PRIMARY KEY, tenant_id uuid NOT NULL, title text NOT NULL, owner_id uuid REFERENCES owners ON DELETE CASCADE, tags text[], meta jsonb);
CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, task_id int NOT NULL REFERENCES tasks ON DELETE CASCADE, body text NOT NULL);

CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, deleted_at timestamptz);
CREATE UNIQUE INDEX users_email ON users (email) WHERE deleted_at IS NULL;
CREATE TABLE tasks (id int PRIMARY KEY, owner_id int REFERENCES users, title text NOT NULL);

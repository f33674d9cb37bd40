-- reposgen: no-transaction
CREATE TABLE notes ();
CREATE INDEX CONCURRENTLY good ON tasks (title);
CREATE UNIQUE INDEX CONCURRENTLY bad ON tasks (id);
CREATE TABLE last ();

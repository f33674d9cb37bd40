-- name: TakenName :copyfrom
-- The staging table numbers its rows in a column of that name.
INSERT INTO tasks (id, title) VALUES (@id, lower(@reposgen_row));

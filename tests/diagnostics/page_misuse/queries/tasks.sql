-- name: Unordered :page
SELECT * FROM tasks;

-- name: Limited :page
SELECT * FROM tasks ORDER BY id LIMIT 10;

-- name: Locking :page
SELECT * FROM tasks ORDER BY id FOR UPDATE;

-- name: NotSelected :page
SELECT title, note FROM tasks ORDER BY lower(title), id;

-- name: NotUnique :page
SELECT * FROM tasks ORDER BY created_at DESC;

-- name: NothingUnique :page
SELECT title FROM tasks ORDER BY title;

-- name: NullsAreNotUnique :page
SELECT t.id, o.name FROM owners o LEFT JOIN tasks t ON t.owner_id = o.id
ORDER BY t.id;

-- name: NoQuery :page
UPDATE tasks SET title = '' RETURNING *;

-- name: Writing :page
WITH gone AS (DELETE FROM tasks WHERE note = @note RETURNING id)
SELECT id FROM gone ORDER BY id;

-- name: Twice :page
SELECT * FROM tasks ORDER BY id, title, id;

-- name: Using :page
SELECT * FROM tasks ORDER BY id USING >;

-- name: Renamed :page
-- Tasks by their number.
SELECT * FROM tasks WHERE id > @after ORDER BY id;

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

-- name: ByAge :page
SELECT id, now() - created_at AS age FROM tasks ORDER BY age, id;

-- name: ByChance :page
-- @sort chance
SELECT id, random() AS chance FROM tasks ORDER BY id;

-- name: ByRow :page
SELECT id, ROW(title, note) AS pair FROM tasks ORDER BY pair, id;

-- name: BySetting :page
SELECT id, title || current_setting('app.suffix') AS long FROM tasks ORDER BY long, id;

-- name: ByList :page
SELECT owner_id, string_agg(title, ', ') AS titles FROM tasks GROUP BY owner_id
ORDER BY titles, owner_id;

-- name: ByPlace :page
SELECT id, row_number() OVER (ORDER BY version) AS place FROM tasks ORDER BY place, id;

-- name: OfSome :page
SELECT id FROM tasks
WHERE owner_id IN (SELECT id FROM owners ORDER BY name LIMIT 3) ORDER BY id;

-- name: OfASample :page
SELECT id FROM tasks TABLESAMPLE system (10) ORDER BY id;

-- name: ByTheFirst :page
SELECT * FROM (SELECT DISTINCT ON (owner_id) owner_id, title FROM tasks
    ORDER BY owner_id, version DESC) AS newest
ORDER BY title, owner_id;

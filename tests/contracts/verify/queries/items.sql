-- name: Get :one
SELECT id, n, label, note, mood, home, amount, tags FROM items WHERE id = @id;

-- name: Lock :one
SELECT id, n, label, note, mood, home, amount, tags FROM items WHERE id = @id
FOR UPDATE;

-- name: Number :one
SELECT n FROM items WHERE id = @id;

-- name: NumberAbove :many
SELECT id FROM items WHERE n > @n ORDER BY id;

-- name: ByMood :many
SELECT label FROM items WHERE mood = @mood AND id = 1;

-- name: Search :page
SELECT id, n, label FROM items WHERE note = @note -- @optional
ORDER BY id;

-- name: Whole :one
SELECT items FROM items WHERE id = @id;

-- name: Together :one
SELECT array_agg(i) AS items FROM items AS i WHERE id = @id;

-- name: Home :one
SELECT home FROM items WHERE id = @id;

-- name: Walk :stream
SELECT id, note FROM items;

-- name: Export :copyto
SELECT n, note FROM items WHERE id = @id;

-- name: CountItems :one
SELECT count(*) FROM items;

-- name: Add :exec
INSERT INTO items (id, n, label, note, mood, home, amount, tags)
VALUES (@id, @n, @label, @note, @mood, @home, @amount, @tags);

-- name: AddReturning :one
INSERT INTO items (id, n, label, note, mood, home, amount, tags)
VALUES (@id, @n, @label, @note, @mood, @home, @amount, @tags)
RETURNING id, n, label, note, mood, home, amount, tags;

-- name: AddMany :batchexec
INSERT INTO items (id, n, label, note, mood) VALUES (@id, @n, @label, @note, @mood);

-- name: Copy :copyfrom
INSERT INTO items (id, n, label, note, mood, home, amount, tags)
VALUES (@id, @n, @label, @note, @mood, @home, @amount, @tags);

-- name: CopyPlainTypes :copyfrom
INSERT INTO items (id, n, label, note, mood) VALUES (@id, @n, @label, @note, @mood);

-- name: Upsert :copyfrom
INSERT INTO items (id, n, label, note, mood) VALUES (@id, @n, @label, @note, @mood)
ON CONFLICT (id) DO NOTHING;

-- name: Save :exec
INSERT INTO items (id, n, label, note, mood) VALUES (@id, @n, @label, @note, @mood)
ON CONFLICT (id) DO UPDATE SET note = excluded.note;

-- name: Rename :execrows
UPDATE items SET label = @label WHERE id = @id;

-- name: Remove :execrows
DELETE FROM items WHERE id = @id;

-- name: Other :one
SELECT word FROM others WHERE id = @id;

-- name: Words :many
SELECT word FROM words WHERE length(word) > 5;

-- name: Double :one
SELECT twice(@number);

-- name: Clear :exec
TRUNCATE others;

-- name: Version :one
SHOW server_version_num;

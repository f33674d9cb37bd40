-- name: AddBlog :exec
INSERT INTO blogs (id, name) VALUES (@id, @name);

-- name: FindBlog :one
SELECT find_blog(@id) AS blog;

-- name: FindColumns :one
SELECT * FROM find_blog(@id);

-- name: FindFields :one
SELECT (find_blog(@id)).*;

-- name: FindInFrom :one
SELECT f FROM find_blog(@id) AS f;

-- name: FindOrFirst :one
SELECT coalesce(find_blog(@id), b) AS blog FROM blogs AS b ORDER BY b.id LIMIT 1;

-- name: FindSeveral :one
SELECT array_agg(find_blog(n)) AS blogs FROM unnest(@ids::integer[]) AS n;

-- name: FromJson :one
SELECT jsonb_populate_record(NULL::blogs, @document) AS blog;

-- name: Half :one
SELECT half_a_blog(@id) AS blog;

-- name: AddArchive :exec
INSERT INTO archive (id, blog, more) VALUES (@id, find_blog(@blog_id), ARRAY[find_blog(@blog_id)]);

-- name: GetArchive :one
SELECT * FROM archive WHERE id = @id;

-- name: RealRows :many
SELECT b AS blog, array_agg(b) OVER () AS all_blogs FROM blogs AS b ORDER BY b.id;

-- name: Spelled :many
-- A column that is added later changes nothing.
SELECT (b).* FROM blogs AS b ORDER BY b.id;

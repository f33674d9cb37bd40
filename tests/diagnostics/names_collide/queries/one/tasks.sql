-- name: GetTask :many
-- Every task.
SELECT id FROM tasks;

-- name: get_task :many
-- Some tasks.
SELECT id FROM tasks WHERE id > 1;

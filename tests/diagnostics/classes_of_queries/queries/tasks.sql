-- name: GetTask :one
-- @json setings = myapp.Settings
SELECT id, settings FROM tasks WHERE id = @id;

-- name: GetTitle :one
-- @json title = myapp.Settings
SELECT id, title FROM tasks WHERE id = @id;

-- name: GetSettings :one
-- @json settings
SELECT id, settings FROM tasks WHERE id = @id;

-- name: GetExtra :one
-- @json settings = myapp.Settings
-- @type settings = myapp.Settings
SELECT id, settings FROM tasks WHERE id = @id;

-- name: GetOther :one
-- @type id = Other
SELECT id, settings FROM tasks WHERE id = @id;

-- name: ListTitles :many
-- @row TitleRow
SELECT id, title FROM tasks;

-- name: ListMoreTitles :many
-- @row TitleRow
SELECT id, title, settings FROM tasks;

-- name: ListSettings :many
-- @row Task
SELECT id, settings FROM tasks;

-- name: ListTasks :many
SELECT * FROM tasks;

-- name: ListNothing :many
-- @row class
SELECT id, settings FROM tasks;

-- name: DeleteTask :exec
-- @row Deleted
DELETE FROM tasks WHERE id = @id;

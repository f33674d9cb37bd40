-- name: ListTasks :many
-- Tabs before the mistake.
SELECT	id,
		title,	nope
FROM	tasks WHERE	priority > @priority;

-- name: GetTask :opt
-- @vet-ignore seq-scan
SELECT id FROM tasks WHERE id = @id;

-- name: CountTasks :one
-- @vet-ignore seqscan once a day
SELECT count(*) FROM tasks;

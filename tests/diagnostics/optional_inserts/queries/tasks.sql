-- name: WithoutDefault :exec
-- @optional title
INSERT INTO tasks (title, owner) VALUES (@title, @owner);

-- name: WithoutDefaultInARow :exec
-- @optional title
INSERT INTO tasks (title, owner) VALUES ('first', @owner), (@title, @owner);

-- name: FilledInByATrigger :exec
-- Add a note.
-- @optional title
INSERT INTO notes (title, body) VALUES (@title, @body);

-- name: OfAnIdentity :exec
-- Add a task under a number of the caller's.
-- @optional id
INSERT INTO tasks (id, title) VALUES (@id, @title);

-- name: OfAGeneratedColumn :exec
-- @optional doubled
INSERT INTO tasks (title, doubled) VALUES (@title, @doubled);

-- name: OfAnIdentityAlways :exec
-- @optional number
INSERT INTO tasks (title, number) VALUES (@title, @number);

-- name: InSelect :exec
-- @optional owner
INSERT INTO tasks (title, owner) SELECT @title, @owner;

-- name: InValuesOfASelect :exec
-- @optional owner
INSERT INTO tasks (title, owner) SELECT * FROM (VALUES (@title, @owner)) AS v;

-- name: InUnion :exec
-- @optional owner
INSERT INTO tasks (title, owner) VALUES (@title, @owner) UNION SELECT 'a', 'b';

-- name: InValuesAlone :many
-- @optional owner
VALUES (@title::text, @owner::text);

-- name: LeavesSuffix :exec
-- @optional owner
INSERT INTO tasks (title, owner) VALUES (@title, @owner || @suffix);

-- name: FilterAndValue :exec
-- @optional owner
INSERT INTO tasks (slug, title, owner) VALUES (@slug, @title, @owner)
ON CONFLICT (slug) DO UPDATE SET title = @title WHERE tasks.owner = @owner;

-- name: InABatch :batchexec
-- @optional owner
INSERT INTO tasks (title, owner) VALUES (@title, @owner);

-- name: TakenFromExcluded :exec
-- Add a task or change it.
-- @optional owner
INSERT INTO tasks (slug, title, owner) VALUES (@slug, @title, @owner)
ON CONFLICT (slug) DO UPDATE SET owner = EXCLUDED.owner;

-- name: ComparedWithExcluded :exec
-- Add a task or change its title.
-- @optional owner
INSERT INTO tasks (slug, title, owner) VALUES (@slug, @title, @owner)
ON CONFLICT (slug) DO UPDATE SET title = EXCLUDED.title
WHERE tasks.owner IS DISTINCT FROM EXCLUDED.owner;

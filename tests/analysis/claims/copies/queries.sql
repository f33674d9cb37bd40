-- name: Copies1 :copyfrom
/* ($9 VALUES */ INSERT INTO tasks (id, -- $1
 title) VALUES ($1, 'it''s $1, ' || @title)-- end
ON CONFLICT (id) DO UPDATE SET title = '$1' RETURNING id;

-- name: Copies2 :copyfrom
INSERT INTO tasks (id) VALUES ((SELECT id FROM tasks staged WHERE id = @a));

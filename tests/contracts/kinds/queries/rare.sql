-- name: GetPerson :opt
SELECT id, name, mail, sc, m, tags, total FROM people WHERE id = @id;

-- name: AllPeople :many
SELECT * FROM people;

-- name: WholePeople :many
SELECT people FROM people;

-- name: Homes :many
SELECT home FROM people WHERE home IS NOT NULL;

-- name: Moods :many
SELECT moods FROM people WHERE moods IS NOT NULL;

-- name: ByMood :many
SELECT id FROM people WHERE m = @m;

-- name: ByMoods :many
SELECT id FROM people WHERE m = ANY(@moods::mood[]);

-- name: AddPerson :one
INSERT INTO people (name, mail, m) VALUES (@name, @mail, @m) RETURNING id, total;

-- name: AddPersonHome :exec
INSERT INTO people (name, home) VALUES (@name, @home);

-- name: AddPeople :copyfrom
INSERT INTO people (name, mail) VALUES (@name, @mail);

-- name: Rename :execrows
UPDATE people SET name = @name WHERE id = @id;

-- name: SetScore :execrows
UPDATE people SET sc = DEFAULT WHERE id = @id;

-- name: ByName :opt
SELECT id FROM people WHERE name = @name;

-- name: UpsertPerson :exec
INSERT INTO people (name) VALUES (@name) ON CONFLICT (name) DO UPDATE SET sc = 1;

-- name: DeletePerson :execrows
DELETE FROM people WHERE id = @id;

-- name: Events :many
SELECT id, day, body FROM events WHERE day = @day;

-- name: AddEvent :exec
INSERT INTO events (id, day, body) VALUES (@id, @day, @body);

-- name: UpsertEvent :exec
INSERT INTO events (id, day, body) VALUES (@id, @day, @body) ON CONFLICT (id, day) DO NOTHING;

-- name: AddOrder :exec
INSERT INTO orders (id, person, amount) VALUES (@id, @person, @amount);

-- name: AddOrderForOne :exec
INSERT INTO orders (id, person, amount) VALUES (9, 1, 1);

-- name: OrdersWithPeople :many
SELECT o.id, p.name FROM orders o LEFT JOIN people p ON p.id = o.person;

-- name: OrderAmounts :many
SELECT amount, note FROM orders;

-- name: AddLog :exec
INSERT INTO log (what) VALUES (@what);

-- name: AddLogId :exec
INSERT INTO log (id, what) VALUES (@id, @what);

-- name: AddPlain :exec
INSERT INTO plain (a) VALUES (@a);

-- name: AddPlainDefault :exec
INSERT INTO plain DEFAULT VALUES;

-- name: AddPlainB :exec
INSERT INTO plain (id, b) VALUES (@id, DEFAULT);

-- name: SetC :exec
UPDATE plain SET c = @c WHERE id = 1;

-- name: OrderedPlain :many
SELECT id, a FROM plain ORDER BY a;

-- name: ViewPeople :many
SELECT id, name, sc FROM v_people;

-- name: SetViaView :execrows
UPDATE v_people SET name = @name WHERE id = @id;

-- name: ViewOrders :many
SELECT * FROM v_orders;

-- name: Mv :many
SELECT id, name FROM mv;

-- name: CallSql :one
SELECT fsql(1) AS n;

-- name: CallStrict :one
SELECT fstrict(1) AS n;

-- name: CallPl :one
SELECT fpl(1) AS n;

-- name: Names :many
SELECT * FROM names();

-- name: RowsOf :many
SELECT id, name FROM rows_of();

-- name: Everybody :many
SELECT id, name FROM everybody();

-- name: Go :exec
CALL go(1);

-- name: Truncate :exec
TRUNCATE loose;

-- name: LooseAll :many
SELECT id, day, body FROM loose;

-- name: AddLoose :exec
INSERT INTO loose (id, day, body) VALUES (@id, @day, @body);

-- name: LockPerson :opt
SELECT id FROM people WHERE id = @id FOR UPDATE;

-- name: Score :one
SELECT @sc::score AS sc;

-- name: Mail :one
SELECT @mail::email AS mail;

-- name: Compared :many
SELECT p.id FROM people p JOIN plain q ON q.a = p.name;

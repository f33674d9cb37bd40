-- name: AddOrder :exec
INSERT INTO orders (id, amount) VALUES (@id, @amount);

-- name: GetOrder :one
SELECT * FROM orders WHERE id = @id;

-- name: GetAmount :one
-- The amount as it is now.
-- @replica never
SELECT amount FROM orders WHERE id = @id;

-- name: ListOrders :many
-- @replica never
-- @optional least
SELECT * FROM orders WHERE amount >= @least ORDER BY id;

-- name: PageOfOrders :page
-- @replica never
SELECT * FROM orders ORDER BY id;

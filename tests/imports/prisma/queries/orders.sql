-- name: OrdersOf :many
SELECT * FROM "Order" WHERE "userId" = $1;

-- name: Pay :one
UPDATE "Order" SET "state" = 'PAID' WHERE "id" = @id RETURNING "id", "state", "tags";

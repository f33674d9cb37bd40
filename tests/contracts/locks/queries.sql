-- name: SetStatus :exec
UPDATE orders SET status = @status WHERE id = @order_id;

-- name: CountUp :exec
UPDATE customers SET orders = orders + 1 WHERE id = @customer_id;

-- name: Rename :exec
UPDATE customers SET name = @name WHERE id = @customer_id;

-- name: LockCustomer :one
SELECT id FROM customers WHERE id = @customer_id FOR UPDATE;

-- name: ShareCustomer :one
SELECT id FROM customers WHERE id = @customer_id FOR SHARE;

-- name: DropCustomer :exec
DELETE FROM customers WHERE id = @customer_id;

-- name: GetCustomer :one
SELECT name FROM customers WHERE id = @customer_id;

-- name: AddOrder :exec
INSERT INTO orders (id, customer_id) VALUES (@order_id, @customer_id);

-- name: LockOrder :one
SELECT id FROM orders WHERE id = @order_id FOR NO KEY UPDATE;

-- name: DropOrder :exec
DELETE FROM orders WHERE id = @order_id;

-- name: AddLine :exec
INSERT INTO lines (order_id, number) VALUES (@order_id, @number);

-- name: SetQuantity :exec
UPDATE lines SET quantity = @quantity WHERE order_id = @order_id AND number = @number;

-- name: LockLines :many
SELECT number FROM lines WHERE order_id = @order_id ORDER BY order_id, number FOR UPDATE;

-- name: ClearLines :exec
UPDATE lines SET quantity = 0 WHERE order_id = @order_id;

-- name: CloseAll :exec
UPDATE orders SET status = 'closed' WHERE customer_id = @customer_id;

-- name: LockNew :many
SELECT id FROM orders WHERE status = 'new' FOR UPDATE;

-- name: LockNewInOrder :many
SELECT id FROM orders WHERE status = 'new' ORDER BY id FOR UPDATE;

-- name: LockOfCustomerInOrder :many
SELECT id FROM orders WHERE customer_id = @customer_id ORDER BY id FOR UPDATE;

-- name: TakeNew :many
SELECT id FROM orders WHERE status = 'new' LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: TakeAndClose :many
UPDATE orders SET status = 'closed'
WHERE id IN (SELECT id FROM orders WHERE status = 'new' LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id;

-- name: SetStatuses :batchexec
UPDATE orders SET status = @status WHERE id = @order_id;

-- name: Debit :exec
UPDATE accounts SET balance = balance - @amount WHERE id = @id;

-- name: Credit :exec
UPDATE accounts SET balance = balance + @amount WHERE id = @id;

-- name: LockAccounts :many
SELECT id FROM accounts WHERE id = ANY(@ids::int[]) ORDER BY id FOR UPDATE;

-- name: OpenAccount :exec
INSERT INTO accounts (id, balance) VALUES (@id, @amount)
ON CONFLICT (id) DO UPDATE SET balance = accounts.balance + excluded.balance;

-- name: CloseAndCount :exec
WITH closed AS (
    UPDATE orders SET status = 'closed' WHERE id = @order_id RETURNING customer_id
)
UPDATE customers SET orders = orders - 1 WHERE id = @customer_id;

-- name: LockBoth :one
SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id
WHERE o.id = @order_id FOR UPDATE;

-- name: Empty :exec
TRUNCATE staging;

-- name: SetStaged :exec
UPDATE staging SET id = @id WHERE id = @id;

-- name: Get :opt
SELECT * FROM orders WHERE id = @id;

-- name: GetMany :many
SELECT * FROM orders WHERE id = ANY(@ids::bigint[]);

-- name: OfCustomer :many
SELECT * FROM orders WHERE customer_id = @customer_id ORDER BY created_at DESC, id DESC LIMIT @number;

-- name: Newest :many
SELECT * FROM orders ORDER BY created_at DESC, id DESC LIMIT @number;

-- name: NewestFetched :many
SELECT * FROM orders ORDER BY created_at DESC, id DESC FETCH FIRST @number ROWS ONLY;

-- name: Oldest :opt
SELECT id FROM orders ORDER BY created_at, id LIMIT 1;

-- name: Pages :page
SELECT * FROM orders ORDER BY created_at DESC, id DESC;

-- name: PagesOfCustomer :page
-- @optional status
SELECT * FROM orders WHERE customer_id = @customer_id AND status = @status ORDER BY created_at DESC, id DESC;

-- name: Tagged :many
SELECT id FROM orders WHERE tags @> ARRAY[@tag::text];

-- name: ByLowerName :many
SELECT o.id FROM customers AS c JOIN orders AS o ON o.customer_id = c.id WHERE lower(c.name) = @name;

-- name: ByEmail :opt
SELECT * FROM customers WHERE email = @email;

-- name: OpenOrders :many
SELECT id FROM open_orders ORDER BY created_at LIMIT @number;

-- name: Export :stream
SELECT * FROM orders;

-- name: ExportFile :copyto
SELECT id, email FROM customers;

-- name: Insert :exec
INSERT INTO products (id, sku, title, price) VALUES (@id, @sku, @title, @price);

-- name: Upsert :exec
INSERT INTO products (id, sku, title, price) VALUES (@id, @sku, @title, @price)
ON CONFLICT (sku) DO UPDATE SET price = excluded.price;

-- name: InsertMany :copyfrom
INSERT INTO products (id, sku, title, price) VALUES (@id, @sku, @title, @price);

-- name: Rename :exec
-- @optional title, price
UPDATE products SET title = @title, price = @price WHERE id = @id;

-- name: DeleteEntry :exec
DELETE FROM audit.entries WHERE id = @id;

-- name: EventsOfCustomer :many
SELECT id FROM events WHERE customer_id = @customer_id AND happened_on = @day;

-- name: EventOf :opt
SELECT kind FROM events WHERE id = @id AND happened_on = @day;

-- name: AllRegions :many
SELECT * FROM regions ORDER BY name;

-- name: RegionByName :many
SELECT * FROM regions WHERE name = @name;

-- name: RegionNames :many
SELECT c.id, r.name FROM customers AS c JOIN regions AS r ON r.id = c.region_id WHERE c.id = @id;

-- name: Exists :one
SELECT EXISTS (SELECT FROM orders WHERE customer_id = @customer_id);

-- name: Any :one
SELECT EXISTS (SELECT FROM orders);

-- name: Shelf :opt
SELECT "Shelf.No" FROM "Stock Levels" WHERE "Product" = @product;

-- name: FewSkipped :many
SELECT id FROM orders WHERE customer_id = @customer_id ORDER BY created_at DESC, id DESC LIMIT 20 OFFSET @skipped;

-- name: SmallOffset :many
SELECT id FROM orders ORDER BY created_at DESC, id DESC LIMIT 20 OFFSET 100;

-- name: Numbers :many
SELECT * FROM generate_series(1, 1000000) AS n ORDER BY n DESC;

-- name: Refresh :exec
REFRESH MATERIALIZED VIEW daily_totals;

-- name: Listen :listen
LISTEN orders;

-- name: Meant :one
-- @vet-ignore seq-scan runs once a month
SELECT count(*) FROM orders;

-- name: MeantSort :many
-- @vet-ignore seq-scan a report
-- @vet-ignore large-sort a report
SELECT id FROM orders ORDER BY cents;

-- name: CountOrders :one
-- expect: seq-scan
SELECT count(*) FROM orders;

-- name: AllOrders :many
-- expect: seq-scan
SELECT * FROM orders;

-- name: SumByStatus :many
-- expect: seq-scan
SELECT status, sum(cents) FROM orders GROUP BY status;

-- name: FirstByNote :opt
-- expect: unindexed-filter
SELECT id FROM orders WHERE note = @note LIMIT 1;

-- name: ByNote :many
-- expect: unindexed-filter
SELECT * FROM orders WHERE note = @note;

-- name: ByTotal :many
-- expect: unindexed-filter
SELECT id FROM orders WHERE total = @total;

-- name: ByStatusAndNote :many
-- expect: unindexed-filter
SELECT id FROM orders WHERE status = @status AND note LIKE @pattern;

-- name: ByLowerEmail :opt
-- expect: seq-scan
SELECT id FROM customers WHERE lower(email) = @email LIMIT 1;

-- name: ByTitlePrefix :many
-- expect: unindexed-filter
SELECT id FROM products WHERE title LIKE @prefix || '%';

-- name: ByJsonKey :many
-- expect: unindexed-filter
SELECT id FROM orders WHERE data @> @part;

-- name: ByJsonValue :many
-- expect: unindexed-filter
SELECT id FROM orders WHERE data ->> 'source' = @source;

-- name: AnyTag :many
-- expect: seq-scan
SELECT id FROM orders WHERE @tag::text = ANY(tags);

-- name: CastKey :many
-- expect: seq-scan
SELECT id FROM customers WHERE id::text = @id;

-- name: MathOnKey :many
-- expect: seq-scan
SELECT email FROM customers WHERE id + 1 = @next;

-- name: DayOfOrder :many
-- expect: seq-scan
SELECT id FROM orders WHERE created_at::date = @day;

-- name: OrKeys :many
-- expect: seq-scan
SELECT id FROM customers WHERE id = @id OR name = @name;

-- name: UpdateByNote :execrows
-- expect: unindexed-filter
UPDATE orders SET status = 'closed' WHERE note = @note;

-- name: DeleteByNote :execrows
-- expect: missing-fk-index, unindexed-filter
DELETE FROM orders WHERE note = @note;

-- name: UpdateAll :execrows
-- expect: seq-scan, missing-where
UPDATE products SET price = price * @factor;

-- name: LockByNote :many
-- expect: unindexed-filter
SELECT id FROM orders WHERE note = @note FOR UPDATE SKIP LOCKED;

-- name: ThroughView :many
-- expect: unindexed-filter
SELECT note FROM customer_notes WHERE note = @note;

-- name: ThroughCte :many
-- expect: unindexed-filter
WITH found AS MATERIALIZED (SELECT id, cents FROM orders WHERE note = @note)
SELECT id FROM found WHERE cents > 100;

-- name: ThroughSubquery :many
-- expect: seq-scan, unindexed-filter
SELECT email FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE note = @note);

-- name: NotExists :many
-- expect: nested-loop, seq-scan
SELECT c.id FROM customers AS c WHERE NOT EXISTS (SELECT FROM orders AS o WHERE o.customer_id = c.id);

-- name: WritingCte :many
-- expect: missing-fk-index, unindexed-filter
WITH gone AS (DELETE FROM products WHERE title = @title RETURNING id)
SELECT id FROM gone;

-- name: InsertSelect :execrows
-- expect: seq-scan
INSERT INTO audit.entries (id, actor, at) SELECT id, email, created_at FROM customers;

-- name: EventsByKind :many
-- expect: unindexed-filter
SELECT id FROM events WHERE kind = @kind;

-- name: EventsOfYear :many
-- expect: unindexed-filter
SELECT id FROM events WHERE kind = @kind AND happened_on >= '2026-01-01';

-- name: OtherSchema :many
-- expect: unindexed-filter
SELECT id FROM audit.entries WHERE actor = @actor;

-- name: QuotedNames :many
-- expect: unindexed-filter
SELECT "Product" FROM "Stock Levels" WHERE "Shelf.No" = @shelf;

-- name: QuotedKeyword :many
-- expect: unindexed-filter
SELECT "Product" FROM "Stock Levels" WHERE "select" = @number;

-- name: FromMaterializedView :many
-- expect: unindexed-filter
SELECT cents FROM daily_totals WHERE day = @day;

-- name: CorrelatedScan :many
-- expect: unindexed-filter
SELECT c.id, (SELECT count(*) FROM products AS p WHERE p.price > c.id) AS dearer
FROM customers AS c WHERE c.region_id = @region;

-- name: SortAll :many
-- expect: large-sort, seq-scan
SELECT id FROM orders ORDER BY cents;

-- name: SortSome :many
-- expect: large-sort, seq-scan
SELECT id FROM orders ORDER BY note LIMIT @number;

-- name: SortFiltered :many
-- expect: large-sort, unindexed-filter
SELECT id FROM orders WHERE cents > @cents ORDER BY note;

-- name: SortJoined :many
-- expect: large-sort, large-hash, seq-scan
SELECT o.id, c.email FROM orders AS o JOIN customers AS c ON c.id = o.customer_id ORDER BY c.name;

-- name: SortExpression :many
-- expect: large-sort, seq-scan
SELECT id FROM customers ORDER BY upper(email) LIMIT @number;

-- name: Ranked :many
-- expect: large-sort, seq-scan
SELECT id, rank() OVER (ORDER BY cents) FROM orders;

-- name: SortByChoice :page
-- @sort cents
-- expect: large-sort, seq-scan
SELECT id, cents FROM orders ORDER BY id;

-- name: DistinctNotes :many
-- expect: seq-scan
SELECT DISTINCT note FROM orders;

-- name: HashJoin :many
-- expect: large-hash, seq-scan
SELECT o.id, i.quantity FROM orders AS o JOIN order_items AS i ON i.quantity = o.id;

-- name: GroupByKey :many
-- expect: large-hash, seq-scan
SELECT customer_id, status, sum(cents) FROM orders GROUP BY customer_id, status;

-- name: GroupByMany :many
-- expect: seq-scan
SELECT DISTINCT order_id, quantity FROM order_items;

-- name: CrossJoin :many
-- expect: nested-loop, seq-scan
SELECT a.id, b.id AS other FROM products AS a CROSS JOIN products AS b;

-- name: JoinByRange :many
-- expect: nested-loop, seq-scan
SELECT a.id FROM products AS a JOIN products AS b ON a.price < b.price;

-- name: JoinByOr :many
-- expect: nested-loop, seq-scan
SELECT a.id FROM products AS a JOIN customers AS c ON a.title = c.email OR a.sku = c.name;

-- name: Offset :many
-- expect: deep-offset
SELECT id FROM orders ORDER BY created_at DESC, id DESC LIMIT @number OFFSET @skipped;

-- name: OffsetOfCustomer :many
-- expect: deep-offset
SELECT id FROM customers ORDER BY id OFFSET @skipped LIMIT 20;

-- name: FixedOffset :many
-- expect: deep-offset
SELECT id FROM customers ORDER BY id LIMIT 20 OFFSET 50000;

-- name: DeleteProduct :exec
-- expect: missing-fk-index
DELETE FROM products WHERE id = @id;

-- name: DeleteOrder :exec
-- expect: missing-fk-index
DELETE FROM orders WHERE id = @id;

-- name: DeleteCategory :exec
-- expect: missing-fk-index
DELETE FROM categories WHERE id = @id;

-- name: DeleteItemsInCte :many
-- expect: missing-fk-index
WITH gone AS (DELETE FROM order_items WHERE order_id = @order_id RETURNING position) SELECT position FROM gone;

-- name: UnknownExpression :many
-- expect: default-estimate
SELECT o.id FROM orders AS o JOIN customers AS c ON c.id = o.customer_id
WHERE c.region_id = @region AND date_trunc('month', c.created_at AT TIME ZONE 'UTC') = '2026-01-01';

-- name: UnknownLength :many
-- expect: default-estimate
SELECT o.id FROM orders AS o JOIN customers AS c ON c.id = o.customer_id
WHERE c.region_id = @region AND length(c.email) = 20;

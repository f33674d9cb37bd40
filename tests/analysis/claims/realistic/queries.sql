-- name: Names :many
SELECT id, full_name, email FROM customers;

-- name: Name :many
SELECT full_name FROM customers WHERE id = @id;

-- name: Phones :many
SELECT phone FROM customers WHERE phone LIKE '0%';

-- name: WithCustomer :many
SELECT o.id, c.full_name, c.phone FROM orders o LEFT JOIN customers c ON c.id = o.customer_id;

-- name: WithNames :many
SELECT o.id, n.full_name FROM orders o LEFT JOIN customer_names n ON n.id = o.customer_id;

-- name: WithCards :many
SELECT o.id, n.full_name, n.country FROM orders o LEFT JOIN customer_cards n ON n.id = o.customer_id;

-- name: WithReferrer :many
SELECT c.id, r.full_name FROM customers c LEFT JOIN customers r ON r.id = c.referrer_id;

-- name: Referred :many
SELECT c.id, r.full_name FROM customers c LEFT JOIN customers r ON r.id = c.referrer_id WHERE c.referrer_id IS NOT NULL;

-- name: LineProducts :many
SELECT i.line, p.title, p.above, p.category FROM items i LEFT JOIN product_cards p ON p.id = i.product_id;

-- name: LineBySku :many
SELECT i.line, p.title FROM items i LEFT JOIN products p ON p.sku = i.sku;

-- name: OnSale :many
SELECT i.line, s.title FROM items i LEFT JOIN on_sale s ON s.id = i.product_id;

-- name: Shipped :many
SELECT s.id, i.quantity FROM shipments s LEFT JOIN items i ON (i.order_id, i.line) = (s.order_id, s.line);

-- name: ShippedOf :many
SELECT s.id, i.quantity, o.status FROM shipments s LEFT JOIN items i ON i.order_id = s.order_id AND i.line = s.line LEFT JOIN orders o ON o.id = i.order_id;

-- name: Chain :many
SELECT s.id, c.full_name, k.name FROM shipments s JOIN orders o ON o.id = s.order_id LEFT JOIN customers c ON c.id = o.customer_id LEFT JOIN countries k ON k.code = c.country;

-- name: Totals :many
SELECT id, lines, total FROM order_totals;

-- name: TotalOfOrder :many
SELECT o.id, t.total, t.lines FROM orders o LEFT JOIN order_totals t ON t.id = o.id;

-- name: LastTitle :many
SELECT order_id, (array_agg(p.title ORDER BY i.line DESC))[1] AS last FROM items i JOIN products p ON p.id = i.product_id GROUP BY order_id;

-- name: LastNote :many
SELECT customer_id, (array_agg(note ORDER BY placed DESC))[1] AS note FROM orders GROUP BY customer_id;

-- name: Prices :many
SELECT id, price(net, tax) AS gross, price(net) AS net, price(gross) AS again FROM products;

-- name: Slugs :many
SELECT slug(title) AS slug, slug(subtitle) AS sub FROM products;

-- name: Display :many
SELECT display_name(first_name, phone) AS shown FROM customers;

-- name: Counts :many
SELECT id, order_count(id) AS orders, last_order(id) AS latest FROM customers;

-- name: OrdersOf :many
SELECT id, status, note FROM orders_of(@customer);

-- name: OrdersOfEach :many
SELECT c.full_name, o.id, o.status FROM customers c CROSS JOIN LATERAL orders_of(c.id) o;

-- name: OrdersOfEachOrNone :many
SELECT c.full_name, o.id, o.status FROM customers c LEFT JOIN LATERAL orders_of(c.id) o ON true;

-- name: Open :many
SELECT id, status, note, placed FROM open_orders();

-- name: Subtree :many
SELECT id, name, depth FROM subtree(@root);

-- name: Tree :many
WITH RECURSIVE t AS (SELECT id, name, ARRAY[id] AS path FROM categories WHERE parent_id IS NULL UNION ALL SELECT c.id, c.name, t.path || c.id FROM categories c JOIN t ON t.id = c.parent_id) SELECT id, name, path, path[1] AS root FROM t;

-- name: ByStatus :many
SELECT status, count(*) AS n, max(placed) AS latest, max(note) AS note FROM orders GROUP BY status;

-- name: ByStatusAndAll :many
SELECT status, count(*) AS n FROM orders GROUP BY ROLLUP (status);

-- name: Revenue :many
SELECT sum(i.quantity * p.gross) AS total FROM items i JOIN products p ON p.id = i.product_id;

-- name: RevenueBy :many
SELECT p.category_id, sum(i.quantity * p.gross) AS total, avg(i.discount) AS discount FROM items i JOIN products p ON p.id = i.product_id GROUP BY p.category_id;

-- name: RevenueOrNone :many
SELECT coalesce(sum(quantity), 0) AS total FROM items;

-- name: Discounted :many
SELECT quantity * (1 - coalesce(discount, 0)) AS sold FROM items;

-- name: Ranked :many
SELECT title, rank() OVER (PARTITION BY category_id ORDER BY gross DESC) AS place, lag(title) OVER (ORDER BY id) AS before, first_value(title) OVER (ORDER BY id) AS first FROM products;

-- name: Running :many
SELECT id, sum(gross) OVER (ORDER BY id) AS so_far FROM products;

-- name: TagsOf :many
SELECT id, cardinality(tags) AS n, array_to_string(tags, ',') AS list FROM products;

-- name: Ids :many
SELECT x.id, p.title FROM unnest(@ids::int[]) AS x(id) LEFT JOIN products p ON p.id = x.id;

-- name: Numbered :many
SELECT x.id, x.place FROM unnest(@ids::int[]) WITH ORDINALITY AS x(id, place);

-- name: Days :many
SELECT d::date AS day, count(o.id) AS n FROM generate_series(@first::timestamptz, @last, '1 day') d LEFT JOIN orders o ON o.placed >= d GROUP BY d;

-- name: History :many
SELECT o.id, h.place, h.paid, h.raw FROM orders o, JSON_TABLE(o.history, '$[*]' COLUMNS (place FOR ORDINALITY, paid boolean EXISTS PATH '$.a', raw jsonb PATH '$' ERROR ON EMPTY ERROR ON ERROR)) h;

-- name: Setting :many
SELECT settings ->> 'theme' AS theme, settings ? 'theme' AS has, jsonb_typeof(settings) AS kind FROM customers;

-- name: Document :many
SELECT jsonb_build_object('id', id, 'name', full_name) AS doc, to_jsonb(c) AS whole FROM customers c;

-- name: Lines :many
SELECT o.id, coalesce(jsonb_agg(i.sku) FILTER (WHERE i.sku IS NOT NULL), '[]') AS skus FROM orders o LEFT JOIN items i ON i.order_id = o.id GROUP BY o.id;

-- name: Skus :many
SELECT order_id, string_agg(sku, ',') AS skus, array_agg(sku) AS list, bool_or(quantity > 1) AS many FROM items GROUP BY order_id;

-- name: Kind :many
SELECT CASE WHEN paid_at IS NULL THEN 'due' ELSE 'paid' END AS kind, CASE status WHEN 'open' THEN 1 WHEN 'paid' THEN 2 END AS step FROM orders;

-- name: PaidFor :many
SELECT paid_at - placed AS took, date_trunc('day', paid_at) AS day FROM orders WHERE paid_at IS NOT NULL;

-- name: Age :many
SELECT now() - created AS age, extract(epoch FROM created) AS since, to_char(created, 'YYYY') AS year FROM customers;

-- name: Search :many
SELECT title, ts_rank(to_tsvector(title), plainto_tsquery(@words)) AS rank, ts_headline(title, plainto_tsquery(@words)) AS shown FROM products;

-- name: Latest :many
SELECT DISTINCT ON (customer_id) customer_id, id, note FROM orders ORDER BY customer_id, placed DESC;

-- name: LatestLateral :many
SELECT c.id, l.placed FROM customers c CROSS JOIN LATERAL (SELECT placed FROM orders o WHERE o.customer_id = c.id ORDER BY placed DESC LIMIT 1) l;

-- name: CountLateral :many
SELECT c.id, l.n, l.latest FROM customers c LEFT JOIN LATERAL (SELECT count(*) AS n, max(placed) AS latest FROM orders o WHERE o.customer_id = c.id) l ON true;

-- name: Feed :many
SELECT 'order' AS kind, id, placed AS at, note FROM orders UNION ALL SELECT 'customer', id, created, phone FROM customers;

-- name: Names2 :many
SELECT first_name FROM customers UNION SELECT name FROM countries;

-- name: Scalar :many
SELECT o.id, (SELECT c.full_name FROM customers c WHERE c.id = o.customer_id) AS customer, (SELECT n.country FROM customer_cards n WHERE n.id = o.customer_id) AS country FROM orders o;

-- name: ScalarGroup :many
SELECT o.customer_id, (SELECT c.full_name FROM customers c WHERE c.id = o.customer_id) AS customer, count(*) AS n FROM orders o GROUP BY o.customer_id;

-- name: ScalarCount :many
SELECT c.id, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) AS orders, ARRAY(SELECT o.id FROM orders o WHERE o.customer_id = c.id) AS ids, EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id) AS any FROM customers c;

-- name: Best :many
SELECT greatest(net, discount) AS most, least(net, tax) AS least FROM products p LEFT JOIN items i ON i.product_id = p.id;

-- name: Both :many
SELECT coalesce(a.id, b.order_id) AS id FROM orders a FULL JOIN items b ON b.order_id = a.id;

-- name: Joined :many
SELECT c.id AS customer, o.id AS order FROM customers c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.status = 'paid';

-- name: AddOrder :many
INSERT INTO orders (id, customer_id, note) VALUES (@id, @customer_id, 'new') RETURNING id, status, note, placed;

-- name: AddCustomer :many
INSERT INTO customers (id, first_name, last_name, email, country) VALUES (@id, @first, @last, @email, @country) RETURNING full_name, email, phone;

-- name: Pay :many
UPDATE orders SET paid_at = now(), status = 'paid' RETURNING id, paid_at, note;

-- name: Reprice :many
UPDATE products SET net = net * 2 RETURNING id, gross, net;

-- name: Drop :many
DELETE FROM shipments WHERE carrier IS NOT NULL RETURNING id, carrier;

-- name: UpsertCountry :many
INSERT INTO countries VALUES (@code, @name) ON CONFLICT (code) DO UPDATE SET name = excluded.name RETURNING code, name;

-- name: Moved :many
WITH gone AS (DELETE FROM shipments RETURNING order_id, line, carrier) SELECT order_id, line, carrier FROM gone;

-- name: Cte :many
WITH c AS (SELECT id, full_name FROM customers) SELECT o.id, c.full_name FROM orders o LEFT JOIN c ON c.id = o.customer_id;

-- name: CteGroup :many
WITH n AS (SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id) SELECT c.id, coalesce(n.n, 0) AS orders, n.n AS raw FROM customers c LEFT JOIN n ON n.customer_id = c.id;

-- name: Values :many
SELECT v.a, v.b FROM (VALUES (1, 'a'), (2, NULL)) v(a, b);

-- name: Interval :many
SELECT make_interval(days => quantity) AS span, quantity::text AS text, quantity % 2 = 0 AS even FROM items;

-- name: Percentile :many
SELECT category_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY gross) AS median, mode() WITHIN GROUP (ORDER BY title) AS common FROM products GROUP BY category_id;

-- name: Split :many
SELECT split_part(email, '@', 1) AS user, strpos(email, '@') AS at, substring(email from '@(.*)') AS host, left(email, 3) AS short FROM customers;

-- name: Words :many
SELECT w FROM products, regexp_split_to_table(title, '') w;

-- name: Elements :many
SELECT e FROM customers, jsonb_object_keys(settings) e;

-- name: Nullif :many
SELECT nullif(note, '') AS note, coalesce(nullif(note, ''), '-') AS shown FROM orders;

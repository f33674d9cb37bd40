-- A shop: what real schemas have, in small.
CREATE TYPE order_status AS ENUM ('open', 'paid', 'sent');
CREATE TABLE countries (code text PRIMARY KEY, name text NOT NULL);
CREATE TABLE customers (
    id int PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL,
    full_name text GENERATED ALWAYS AS (first_name || ' ' || last_name) STORED,
    email text CHECK (email IS NOT NULL AND email <> '-'), phone text,
    country text NOT NULL REFERENCES countries, referrer_id int REFERENCES customers,
    created timestamptz NOT NULL DEFAULT now(), settings jsonb NOT NULL DEFAULT '{}'
);
CREATE TABLE categories (
    id int PRIMARY KEY, parent_id int REFERENCES categories, name text NOT NULL
);
CREATE TABLE products (
    id int PRIMARY KEY, category_id int NOT NULL REFERENCES categories,
    sku varchar(20) NOT NULL UNIQUE, title text NOT NULL, subtitle text,
    net numeric NOT NULL, tax numeric NOT NULL DEFAULT 0,
    gross numeric GENERATED ALWAYS AS (net + tax) STORED,
    tags text[] NOT NULL DEFAULT '{}', discontinued timestamptz
);
CREATE TABLE orders (
    id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers,
    status order_status NOT NULL DEFAULT 'open', note text, paid_at timestamptz,
    placed timestamptz NOT NULL DEFAULT now(), history jsonb NOT NULL DEFAULT '[]'
);
CREATE TABLE items (
    order_id int REFERENCES orders, line int, product_id int NOT NULL REFERENCES products,
    sku varchar(20) NOT NULL REFERENCES products (sku), quantity int NOT NULL,
    discount numeric, PRIMARY KEY (order_id, line)
);
CREATE TABLE shipments (
    id int PRIMARY KEY, order_id int NOT NULL, line int NOT NULL, carrier text,
    FOREIGN KEY (order_id, line) REFERENCES items (order_id, line)
);
CREATE VIEW customer_names AS SELECT id, full_name, country FROM customers;
CREATE VIEW customer_cards AS
    SELECT c.id, c.full_name, k.name AS country
    FROM customers c JOIN countries k ON k.code = c.country;
CREATE VIEW product_cards AS
    SELECT p.id, p.title, p.gross, c.name AS category, u.name AS above
    FROM products p JOIN categories c ON c.id = p.category_id
    LEFT JOIN categories u ON u.id = c.parent_id;
CREATE VIEW order_totals AS
    SELECT o.id, o.customer_id, count(i.line) AS lines,
           coalesce(sum(i.quantity * p.gross), 0) AS total
    FROM orders o LEFT JOIN items i ON i.order_id = o.id
    LEFT JOIN products p ON p.id = i.product_id GROUP BY o.id;
CREATE VIEW on_sale AS SELECT id, title FROM products WHERE discontinued IS NULL;
CREATE FUNCTION price(net numeric, tax numeric DEFAULT 0) RETURNS numeric
    LANGUAGE sql IMMUTABLE RETURN round(net + tax, 2);
CREATE FUNCTION slug(title text) RETURNS text LANGUAGE sql IMMUTABLE STRICT
    AS $$ SELECT lower(regexp_replace(title, '\W+', '-', 'g')) $$;
CREATE FUNCTION display_name(first text, last text) RETURNS text LANGUAGE sql
    AS $$ SELECT coalesce(first, '') || ' ' || coalesce(last, '') $$;
CREATE FUNCTION order_count(customer int) RETURNS bigint LANGUAGE sql STABLE
    AS $$ SELECT count(*) FROM orders WHERE customer_id = customer $$;
CREATE FUNCTION last_order(customer int) RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT max(placed) FROM orders WHERE customer_id = customer $$;
CREATE FUNCTION orders_of(customer int) RETURNS TABLE (id int, status order_status, note text)
    LANGUAGE sql STABLE
    AS $$ SELECT o.id, o.status, o.note FROM orders o WHERE o.customer_id = customer $$;
CREATE FUNCTION open_orders() RETURNS SETOF orders LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT * FROM orders WHERE status = 'open'; END;
CREATE FUNCTION subtree(root int) RETURNS TABLE (id int, name text, depth int)
    LANGUAGE sql STABLE AS $$
        WITH RECURSIVE t AS (
            SELECT c.id, c.name, 0 AS depth FROM categories c WHERE c.id = root
            UNION ALL
            SELECT c.id, c.name, t.depth + 1 FROM categories c JOIN t ON c.parent_id = t.id
        ) SELECT * FROM t $$;

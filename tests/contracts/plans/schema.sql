-- A shop. Rows are given in the tests; `regions` has none given.
CREATE SCHEMA audit;
CREATE TYPE order_status AS ENUM ('open', 'paid', 'shipped', 'closed');
CREATE TABLE regions (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE customers (
    id bigint PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    region_id int REFERENCES regions,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX customers_email_key ON customers (email);
CREATE INDEX customers_lower_name_idx ON customers (lower(name));
CREATE INDEX customers_region_id_idx ON customers (region_id);
CREATE TABLE products (
    id bigint PRIMARY KEY,
    sku text NOT NULL UNIQUE,
    title text NOT NULL,
    price numeric NOT NULL
);
CREATE TABLE orders (
    id bigint PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers,
    status order_status NOT NULL,
    note text,
    cents bigint NOT NULL,
    total numeric GENERATED ALWAYS AS (cents / 100.0) STORED,
    tags text[] NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX orders_customer_id_idx ON orders (customer_id, created_at DESC, id DESC);
CREATE INDEX orders_created_at_idx ON orders (created_at DESC, id DESC);
CREATE INDEX orders_tags_idx ON orders USING gin (tags);
CREATE INDEX orders_open_idx ON orders (created_at) WHERE status = 'open';
CREATE TABLE order_items (
    order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
    position int NOT NULL,
    product_id bigint NOT NULL REFERENCES products,
    quantity int NOT NULL,
    PRIMARY KEY (order_id, position)
);
CREATE TABLE refunds (
    id bigint PRIMARY KEY,
    order_id bigint NOT NULL,
    position int NOT NULL,
    reason text NOT NULL,
    FOREIGN KEY (order_id, position) REFERENCES order_items ON DELETE CASCADE
);
CREATE TABLE categories (
    id bigint PRIMARY KEY,
    parent_id bigint REFERENCES categories ON DELETE SET NULL,
    name text NOT NULL
);
CREATE TABLE events (
    id bigint NOT NULL,
    kind text NOT NULL,
    customer_id bigint NOT NULL,
    happened_on date NOT NULL,
    PRIMARY KEY (id, happened_on)
) PARTITION BY RANGE (happened_on);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX events_customer_id_idx ON events (customer_id, happened_on);
CREATE TABLE audit.entries (
    id bigint PRIMARY KEY,
    actor text NOT NULL,
    at timestamptz NOT NULL
);
CREATE TABLE "Stock Levels" ("Product" bigint PRIMARY KEY, "Shelf.No" int NOT NULL, "select" int NOT NULL);
CREATE VIEW open_orders AS SELECT * FROM orders WHERE status = 'open';
CREATE VIEW customer_notes AS
    SELECT c.id, c.name, o.note FROM customers AS c JOIN orders AS o ON o.customer_id = c.id;
CREATE MATERIALIZED VIEW daily_totals AS
    SELECT date_trunc('day', created_at) AS day, sum(cents) AS cents FROM orders GROUP BY 1;

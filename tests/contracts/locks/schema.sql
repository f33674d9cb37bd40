CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, orders int NOT NULL DEFAULT 0);
CREATE TABLE orders (
    id int PRIMARY KEY,
    customer_id int NOT NULL REFERENCES customers,
    status text NOT NULL DEFAULT 'new'
);
CREATE TABLE lines (
    order_id int REFERENCES orders ON DELETE CASCADE,
    number int,
    quantity int NOT NULL DEFAULT 1,
    PRIMARY KEY (order_id, number)
);
CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL DEFAULT 0);
CREATE TABLE staging (id int PRIMARY KEY);
INSERT INTO customers (id, name) VALUES (1, 'a'), (2, 'b');
INSERT INTO orders (id, customer_id) VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO lines (order_id, number) VALUES (1, 1), (1, 2), (2, 1);
INSERT INTO accounts (id) VALUES (1), (2);
INSERT INTO staging VALUES (1);

-- name: ReadValues :one
-- One row as columns.
SELECT * FROM values_of_all_types WHERE id = @id;

-- name: ReadJsonb :one
-- The same row as jsonb.
SELECT to_jsonb(v) FROM values_of_all_types v WHERE id = @id;

-- name: ReadJson :one
-- The same row as json, in a row of two columns.
SELECT id, row_to_json(v, true) AS document FROM values_of_all_types v WHERE id = @id;

-- name: ReadOrder :one
-- An order with what belongs to it.
SELECT
    o.id,
    jsonb_build_object('id', a.id, 'name', a.name) AS account,
    (
        SELECT coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'position', i.position, 'price', i.price, 'tags', i.tags,
                    'mood', i.mood, 'firstTag', i.tags[1], 'class', 'item'
                )
                ORDER BY i.position
            ),
            '[]'
        )
        FROM items i WHERE i.order_id = o.id
    ) AS items
FROM orders o JOIN accounts a ON a.id = o.account_id
WHERE o.id = @id;

-- name: ListAccounts :many
-- Accounts with their orders: one without has a null, unless that is filtered.
SELECT
    a.id,
    json_agg(o ORDER BY o.id) AS orders,
    json_agg(to_json(o) ORDER BY o.id) FILTER (WHERE o.id IS NOT NULL) AS present,
    jsonb_agg(o.id ORDER BY o.id) FILTER (WHERE o.id IS NOT NULL) AS ids
FROM accounts a LEFT JOIN orders o ON o.account_id = a.id
GROUP BY a.id ORDER BY a.id;

-- name: NestedRows :many
-- Rows of rows.
WITH lines AS (SELECT order_id, position AS line, price FROM items)
SELECT row_to_json(found) AS document FROM (
    SELECT o.id, o.note, (
        SELECT json_agg(l ORDER BY l.line) FROM lines l WHERE l.order_id = o.id
    ) AS lines
    FROM orders o
) AS found
ORDER BY found.id;

-- name: Lateral :many
-- What a lateral join finds, or nothing.
SELECT o.id, to_jsonb(last) AS last, last.document AS document
FROM orders o LEFT JOIN LATERAL (
    SELECT i.position, i.price, jsonb_build_object('position', i.position) AS document
    FROM items i WHERE i.order_id = o.id ORDER BY i.position DESC LIMIT 1
) AS last ON true
ORDER BY o.id;

-- name: StandardJson :many
-- The constructors of the standard.
SELECT
    JSON_OBJECT('id': o.id, 'note': o.note ABSENT ON NULL RETURNING jsonb) AS absent,
    JSON_OBJECT('id': o.id, 'note': o.note) AS present,
    (
        SELECT JSON_ARRAYAGG(i.mood ORDER BY i.position RETURNING jsonb)
        FROM items i WHERE i.order_id = o.id
    ) AS moods,
    (
        SELECT JSON_ARRAYAGG(i.mood ORDER BY i.position NULL ON NULL)
        FROM items i WHERE i.order_id = o.id
    ) AS all_moods
FROM orders o ORDER BY o.id;

-- name: PutOrder :one
-- Write, and return a document.
UPDATE orders SET note = @note WHERE id = @id
RETURNING jsonb_build_object('id', id, 'note', note) AS document;

-- name: PageOrders :page
-- Pages of documents.
SELECT id, jsonb_build_object('id', id) AS document FROM orders ORDER BY id;

-- name: StreamOrders :stream
-- A stream of documents.
SELECT jsonb_build_object('id', id) AS document FROM orders ORDER BY id;

-- name: OfUnknownShape :one
-- What stays any JSON.
SELECT
    jsonb_build_object('a', 1, 'a', 2) AS repeated_key,
    jsonb_build_object(a.name, 1) AS unknown_key,
    jsonb_build_object(VARIADIC ARRAY['a', 'b']) AS spread,
    jsonb_build_array(1, 'two') AS mixed,
    other.jsonb_build_object('a', 'b') AS users_function,
    CASE WHEN a.id = 1 THEN jsonb_build_object('a', 1) END AS of_case,
    to_jsonb(a.id) AS of_a_value,
    jsonb_build_object('a', 1) || '{"b": 2}' AS joined,
    to_jsonb(renamed) AS of_aliases,
    (SELECT coalesce(to_jsonb(o), '[]') FROM orders o WHERE o.id = -1) AS one_or_none,
    coalesce((SELECT to_jsonb(o) FROM orders o WHERE o.id = -1), '[]') AS one_or_list
FROM accounts a JOIN orders AS renamed (key) ON true
WHERE a.id = @id LIMIT 1;

-- name: SecretDocument :one
-- A document with a secret stays as it is.
SELECT jsonb_build_object('token', token) AS document FROM accounts WHERE id = @id;

-- name: CreditDocument :one
-- A column that is something else is so in a document.
SELECT jsonb_build_object('credit', credit) AS document FROM accounts WHERE id = @id;

-- name: OfAView :many
-- The rows of a view are its model.
SELECT * FROM order_items ORDER BY id;

-- name: OfAViewsColumn :many
-- So are its columns.
SELECT id, items FROM order_items ORDER BY id;

-- name: HeldByHand :one
-- A class of one's own goes before.
-- @type document = str
SELECT jsonb_build_object('a', 1) AS document;

-- name: TextDocument :one
-- JSON of some types is not the text that PostgreSQL writes of them.
SELECT to_jsonb(t) AS document FROM texts t LIMIT 1;

-- name: TextColumns :one
-- Their columns are that text.
SELECT * FROM texts LIMIT 1;

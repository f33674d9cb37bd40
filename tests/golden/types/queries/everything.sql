-- name: GetEverything :one
SELECT * FROM everything WHERE id = $1;

-- name: CreateEverything :exec
INSERT INTO everything VALUES (
    @id, @a_bool, @a_int2, @a_int4, @a_int8, @a_float4, @a_float8, @a_numeric,
    @a_text, @a_varchar, @a_char, @a_bytea, @a_date, @a_time, @a_timetz,
    @a_timestamp, @a_timestamptz, @a_interval, @a_json, @a_jsonb, @an_inet, @a_cidr,
    @a_macaddr, @a_bit, @a_tsvector, @a_point, @an_int4range, @a_tstzrange,
    @a_multirange, @texts, @a_matrix, @maybe_bool, @maybe_json, @maybe_inet,
    @maybe_texts
);

-- name: GetJson :one
SELECT maybe_json FROM everything WHERE id = $1;

-- name: GetRows :one
SELECT ROW(1, 'a', NULL, id) AS one, ARRAY[(1, '{2}'::int[]), (3, NULL)] AS several
FROM everything WHERE id = $1;

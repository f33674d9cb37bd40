-- name: Collations1 :many
SELECT v FROM p WHERE w = @x;

-- name: Collations2 :many
SELECT v FROM p WHERE w = @x COLLATE "POSIX";

-- name: Collations3 :many
SELECT v FROM p WHERE w COLLATE "POSIX" = @x;

-- name: Collations4 :many
SELECT w FROM p WHERE v = @x;

-- name: Collations5 :many
SELECT n FROM q WHERE w = @x;

-- name: Collations6 :many
SELECT v FROM p WHERE c = @x;

-- name: Collations7 :many
SELECT v FROM p WHERE w::char(4) = @x;

-- name: Collations8 :many
SELECT v FROM p WHERE c::text = @x;

-- name: Collations9 :many
SELECT v FROM p WHERE lower(w) COLLATE "C" = @x;

-- name: Collations10 :many
SELECT v FROM p WHERE w LIKE @x;

-- name: Collations11 :many
SELECT * FROM (SELECT w AS t FROM p UNION SELECT v FROM p) AS x WHERE t::bpchar = @x;

-- name: Collations12 :many
SELECT * FROM (SELECT w AS t FROM p UNION SELECT v FROM p) AS x WHERE t = @x;

-- name: CountVisit :copyfrom
-- Count a visit, unless there are too many to count.
-- @buffered size=2, max=3, full=drop, interval=1h
-- @timeout 10s
INSERT INTO visits AS v (page) VALUES (lower(@page))
ON CONFLICT (page) DO UPDATE SET seen = v.seen + 1;

-- name: Ping :copyfrom
-- @buffered
INSERT INTO pings (host) VALUES (@ping);

-- name: ListVisits :many
SELECT * FROM visits ORDER BY page;

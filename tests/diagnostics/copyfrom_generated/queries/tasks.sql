-- name: CopyArea :copyfrom
-- The server computes the area.
INSERT INTO boxes (width, area) VALUES (@width, @area);

-- name: CopyIdentity :copyfrom
-- The server numbers the rows.
INSERT INTO boxes (width, id) VALUES (@width, @id);

-- name: CopyBoth :copyfrom
-- With DEFAULT that is said as well.
INSERT INTO boxes VALUES (@width, DEFAULT, DEFAULT);

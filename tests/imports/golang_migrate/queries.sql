-- name: MemberByEmail :one
SELECT * FROM members WHERE email = $1;

/* name: LoansOf :many */
SELECT sqlc.embed(m), sqlc.embed(l)
FROM members m LEFT JOIN loans l ON l.member_id = m.id
WHERE m.id = @member_id;

-- name: Fine :execresult
UPDATE loans SET fine = coalesce(sqlc.narg(fine), fine)
WHERE member_id = sqlc.arg(member_id) AND book = sqlc.arg(book);

-- name: TotalFines :one
SELECT sum(fine)::numeric AS total, count(*) FROM loans;

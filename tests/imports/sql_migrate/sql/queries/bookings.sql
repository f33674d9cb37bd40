-- name: Balance :one
SELECT coalesce(sum(amount), 0)::numeric FROM bookings WHERE iban = $1;

-- name: Cents :many
SELECT id, cents(amount) FROM bookings WHERE iban = @iban;

-- +migrate Up
-- +migrate StatementBegin
CREATE FUNCTION cents(amount numeric) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN (amount * 100)::bigint;
END
$$;
-- +migrate StatementEnd
CREATE TABLE bookings (id bigserial PRIMARY KEY, iban text NOT NULL REFERENCES accounts, amount numeric NOT NULL);
-- +migrate Down
DROP TABLE bookings;
DROP FUNCTION cents;

-- +migrate Up notransaction
CREATE INDEX CONCURRENTLY bookings_iban ON bookings (iban);
-- +migrate Down notransaction
DROP INDEX CONCURRENTLY bookings_iban;

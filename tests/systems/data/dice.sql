-- A number from 0 to below sides: the same for the same row and salt, on every run.
CREATE FUNCTION dice(row_number bigint, salt bigint, sides bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (hashint8extended(row_number, salt) & 9223372036854775807) % sides;

CREATE FUNCTION id_of(kind text, row_number bigint) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN md5(kind || '/' || row_number)::uuid;

CREATE FUNCTION tenants() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN least(10, greatest(2, current_setting('data.size')::bigint / 1000));

-- The functions by means of built-in ones; uuid_generate_v5, which needs SHA-1, raises
-- an error.
CREATE FUNCTION uuid_nil() RETURNS uuid IMMUTABLE COST 1 STRICT PARALLEL SAFE
LANGUAGE sql AS $$SELECT uuid '00000000-0000-0000-0000-000000000000'$$;

-- The namespaces of RFC 9562, section 6.6.
CREATE FUNCTION uuid_ns_dns() RETURNS uuid IMMUTABLE COST 1 STRICT PARALLEL SAFE
LANGUAGE sql AS $$SELECT uuid '6ba7b810-9dad-11d1-80b4-00c04fd430c8'$$;

CREATE FUNCTION uuid_ns_url() RETURNS uuid IMMUTABLE COST 1 STRICT PARALLEL SAFE
LANGUAGE sql AS $$SELECT uuid '6ba7b811-9dad-11d1-80b4-00c04fd430c8'$$;

CREATE FUNCTION uuid_ns_oid() RETURNS uuid IMMUTABLE COST 1 STRICT PARALLEL SAFE
LANGUAGE sql AS $$SELECT uuid '6ba7b812-9dad-11d1-80b4-00c04fd430c8'$$;

CREATE FUNCTION uuid_ns_x500() RETURNS uuid IMMUTABLE COST 1 STRICT PARALLEL SAFE
LANGUAGE sql AS $$SELECT uuid '6ba7b814-9dad-11d1-80b4-00c04fd430c8'$$;

DO $script$
DECLARE
    name text;
BEGIN
    -- The time in units of 100 ns since 1582-10-15, then a random clock sequence and
    -- a random node, whose multicast bit tells that it is no network card's address.
    FOREACH name IN ARRAY ARRAY['uuid_generate_v1', 'uuid_generate_v1mc'] LOOP
        EXECUTE format(
            'CREATE FUNCTION %I() RETURNS uuid VOLATILE COST 1 STRICT PARALLEL SAFE'
            ' LANGUAGE plpgsql AS %L',
            name,
            $body$
DECLARE
    ticks text := lpad(to_hex(122192928000000000
        + trunc(extract(epoch FROM clock_timestamp()) * 10000000)::bigint), 16, '0');
    random bytea := uuid_send(pg_catalog.gen_random_uuid());
BEGIN
    random := set_byte(random, 10, get_byte(random, 10) | 1);
    RETURN (substr(ticks, 9, 8) || substr(ticks, 5, 4) || '1' || substr(ticks, 2, 3)
        || encode(substr(random, 9), 'hex'))::uuid;
END
$body$
        );
    END LOOP;
END
$script$;

CREATE FUNCTION uuid_generate_v3(namespace uuid, name text) RETURNS uuid
IMMUTABLE COST 1 STRICT PARALLEL SAFE LANGUAGE plpgsql AS $$
DECLARE
    hash bytea := decode(md5(uuid_send($1) || convert_to($2, 'UTF8')), 'hex');
BEGIN
    hash := set_byte(hash, 6, get_byte(hash, 6) & 15 | 48);
    hash := set_byte(hash, 8, get_byte(hash, 8) & 63 | 128);
    RETURN encode(hash, 'hex')::uuid;
END
$$;

CREATE FUNCTION uuid_generate_v4() RETURNS uuid
VOLATILE COST 1 STRICT PARALLEL SAFE LANGUAGE sql AS 'SELECT pg_catalog.gen_random_uuid()';

CREATE FUNCTION uuid_generate_v5(namespace uuid, name text) RETURNS uuid
IMMUTABLE COST 1 STRICT PARALLEL SAFE LANGUAGE plpgsql AS $$
BEGIN
    RAISE feature_not_supported USING
        MESSAGE = 'uuid_generate_v5 of uuid-ossp is not available on the embedded server',
        HINT = 'set [database] url to "system" or to a docker image that has it';
END
$$;

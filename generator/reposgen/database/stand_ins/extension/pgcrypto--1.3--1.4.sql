CREATE FUNCTION fips_mode() RETURNS boolean
VOLATILE COST 1 STRICT PARALLEL SAFE LANGUAGE plpgsql AS $$
BEGIN
    RAISE feature_not_supported USING
        MESSAGE = 'fips_mode of pgcrypto is not available on the embedded server',
        HINT = 'set [database] url to "system" or to a docker image that has it';
END
$$;

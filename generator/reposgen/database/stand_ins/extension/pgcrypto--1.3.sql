-- What the functions take and return, so that queries with them can be analysed.
-- gen_random_uuid alone can be computed; a call of any other raises an error.
CREATE FUNCTION gen_random_uuid() RETURNS uuid
VOLATILE COST 1 PARALLEL SAFE LANGUAGE sql AS 'SELECT pg_catalog.gen_random_uuid()';

DO $script$
DECLARE
    declaration text;
BEGIN
    FOREACH declaration IN ARRAY ARRAY[
        'armor(bytea) RETURNS text IMMUTABLE',
        'armor(bytea, text[], text[]) RETURNS text IMMUTABLE',
        'crypt(text, text) RETURNS text IMMUTABLE',
        'dearmor(text) RETURNS bytea IMMUTABLE',
        'decrypt(bytea, bytea, text) RETURNS bytea IMMUTABLE',
        'decrypt_iv(bytea, bytea, bytea, text) RETURNS bytea IMMUTABLE',
        'digest(bytea, text) RETURNS bytea IMMUTABLE',
        'digest(text, text) RETURNS bytea IMMUTABLE',
        'encrypt(bytea, bytea, text) RETURNS bytea IMMUTABLE',
        'encrypt_iv(bytea, bytea, bytea, text) RETURNS bytea IMMUTABLE',
        'gen_random_bytes(int4) RETURNS bytea VOLATILE',
        'gen_salt(text) RETURNS text VOLATILE',
        'gen_salt(text, int4) RETURNS text VOLATILE',
        'hmac(bytea, bytea, text) RETURNS bytea IMMUTABLE',
        'hmac(text, text, text) RETURNS bytea IMMUTABLE',
        'pgp_armor_headers(text, OUT key text, OUT value text) RETURNS SETOF record IMMUTABLE',
        'pgp_key_id(bytea) RETURNS text IMMUTABLE',
        'pgp_pub_decrypt(bytea, bytea) RETURNS text IMMUTABLE',
        'pgp_pub_decrypt(bytea, bytea, text) RETURNS text IMMUTABLE',
        'pgp_pub_decrypt(bytea, bytea, text, text) RETURNS text IMMUTABLE',
        'pgp_pub_decrypt_bytea(bytea, bytea) RETURNS bytea IMMUTABLE',
        'pgp_pub_decrypt_bytea(bytea, bytea, text) RETURNS bytea IMMUTABLE',
        'pgp_pub_decrypt_bytea(bytea, bytea, text, text) RETURNS bytea IMMUTABLE',
        'pgp_pub_encrypt(text, bytea) RETURNS bytea VOLATILE',
        'pgp_pub_encrypt(text, bytea, text) RETURNS bytea VOLATILE',
        'pgp_pub_encrypt_bytea(bytea, bytea) RETURNS bytea VOLATILE',
        'pgp_pub_encrypt_bytea(bytea, bytea, text) RETURNS bytea VOLATILE',
        'pgp_sym_decrypt(bytea, text) RETURNS text IMMUTABLE',
        'pgp_sym_decrypt(bytea, text, text) RETURNS text IMMUTABLE',
        'pgp_sym_decrypt_bytea(bytea, text) RETURNS bytea IMMUTABLE',
        'pgp_sym_decrypt_bytea(bytea, text, text) RETURNS bytea IMMUTABLE',
        'pgp_sym_encrypt(text, text) RETURNS bytea VOLATILE',
        'pgp_sym_encrypt(text, text, text) RETURNS bytea VOLATILE',
        'pgp_sym_encrypt_bytea(bytea, text) RETURNS bytea VOLATILE',
        'pgp_sym_encrypt_bytea(bytea, text, text) RETURNS bytea VOLATILE'
    ] LOOP
        EXECUTE format(
            'CREATE FUNCTION %s COST 1 STRICT PARALLEL SAFE LANGUAGE plpgsql AS %L',
            declaration,
            format(
                'BEGIN RAISE feature_not_supported USING MESSAGE = %L, HINT = %L; END',
                split_part(declaration, '(', 1)
                    || ' of pgcrypto is not available on the embedded server',
                'set [database] url to "system" or to a docker image that has it'
            )
        );
    END LOOP;
END
$script$;

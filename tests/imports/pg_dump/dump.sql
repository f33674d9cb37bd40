--
-- PostgreSQL database dump
--

\restrict Qb2aZ9

-- Dumped from database version 17.6
-- Dumped by pg_dump version 17.6

SET statement_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET row_security = off;
SET default_toast_compression = 'lz4';

DROP DATABASE IF EXISTS crm;
CREATE DATABASE crm WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'en_US.utf8';
ALTER DATABASE crm OWNER TO crm_owner;
\unrestrict Qb2aZ9
\connect crm
\restrict Qb2aZ9
COMMENT ON DATABASE crm IS 'customers';
ALTER DATABASE crm SET search_path TO 'public', 'audit';

CREATE SCHEMA audit;
ALTER SCHEMA audit OWNER TO crm_owner;

CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';
CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;
COMMENT ON EXTENSION pgcrypto IS 'cryptographic functions';

CREATE DOMAIN public.email AS text
	CONSTRAINT email_check CHECK ((VALUE ~~ '%@%'::text));
ALTER DOMAIN public.email OWNER TO crm_owner;

CREATE FUNCTION audit.note() RETURNS event_trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE NOTICE 'ddl'; END $$;
ALTER FUNCTION audit.note() OWNER TO crm_owner;

SET default_tablespace = fast_disks;
SET default_table_access_method = heap;

CREATE TABLE public.customers (
    id bigint NOT NULL,
    email public.email NOT NULL,
    name text COMPRESSION lz4 NOT NULL,
    "Notes" text DEFAULT 'a;b'::text
);
ALTER TABLE public.customers OWNER TO crm_owner;
COMMENT ON TABLE public.customers IS 'Who buys; and who may.';
ALTER TABLE public.customers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.customers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
SET default_tablespace = '';
CREATE TABLE audit.log (
    at timestamp with time zone DEFAULT now() NOT NULL,
    what jsonb
)
PARTITION BY RANGE (at);
ALTER TABLE audit.log OWNER TO "audit-owner";
CREATE TABLE audit.log_2024 (
    at timestamp with time zone DEFAULT now() NOT NULL,
    what jsonb
);
ALTER TABLE ONLY audit.log ATTACH PARTITION audit.log_2024 FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2025-01-01 00:00:00+00');

COPY public.customers (id, email, name, "Notes") FROM stdin;
1	a@example.com	Ann; DROP TABLE x	\N
2	b@example.com	Bob's	it''s
\.

SELECT pg_catalog.setval('public.customers_id_seq', 2, true);

ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id);
CREATE INDEX customers_name ON public.customers USING gin (name public.gin_trgm_ops);
ALTER TABLE public.customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.customers TO crm_reader USING (true);
CREATE PUBLICATION changes FOR TABLE ONLY public.customers;
ALTER PUBLICATION changes OWNER TO crm_owner;
CREATE EVENT TRIGGER noted ON ddl_command_end
   EXECUTE FUNCTION audit.note();
ALTER EVENT TRIGGER noted OWNER TO crm_owner;
GRANT USAGE ON SCHEMA audit TO crm_reader;
GRANT SELECT ON TABLE public.customers TO crm_reader WITH GRANT OPTION;
SET SESSION AUTHORIZATION crm_reader;
GRANT SELECT ON TABLE public.customers TO crm_guest;
RESET SESSION AUTHORIZATION;
ALTER DEFAULT PRIVILEGES FOR ROLE crm_owner IN SCHEMA public GRANT SELECT ON TABLES TO crm_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE crm_owner IN SCHEMA public REVOKE ALL ON FUNCTIONS FROM PUBLIC;
REVOKE CONNECT,TEMPORARY ON DATABASE crm FROM PUBLIC;
GRANT ALL ON DATABASE crm TO crm_owner;

--
-- PostgreSQL database dump complete
--

\unrestrict Qb2aZ9

CREATE TYPE public."date" AS ENUM ('"""', '\', 'None', 'a''b"c', '', '1st', 'mro', E'line\nbreak', 'é');
CREATE TABLE "statements" (
    "class" integer NOT NULL,
    "from" text NOT NULL,
    "self" text NOT NULL,
    "date" pg_catalog.date NOT NULL,
    "datetime" timestamptz NOT NULL,
    "__init__" text,
    "1st" text NOT NULL,
    "größe" integer NOT NULL,
    "a b" text NOT NULL,
    "a_b" text NOT NULL,
    "back\slash" text NOT NULL,
    "quo""te" text NOT NULL,
    "int" integer NOT NULL,
    "str" text NOT NULL,
    "list" integer[] NOT NULL,
    "Final" text NOT NULL,
    "Statement" public."date" NOT NULL,
    "dataclass" text NOT NULL,
    "_" text NOT NULL,
    "%s" text NOT NULL,
    "{{ x }}" text NOT NULL,
    CONSTRAINT "1\""class" UNIQUE ("class")
);
COMMENT ON TABLE "statements" IS 'Ends with a quote: "';
COMMENT ON COLUMN "statements"."class" IS E'""" + __import__("os")\n\\ and {% raw %}';
COMMENT ON TYPE public."date" IS '"""';
CREATE TABLE "databases" (id integer PRIMARY KEY);
CREATE TABLE "pass" (id integer PRIMARY KEY, self integer NOT NULL);
CREATE TABLE "None" (id integer PRIMARY KEY);

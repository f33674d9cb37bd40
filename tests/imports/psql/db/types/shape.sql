CREATE TYPE shape AS (length numeric, height numeric);

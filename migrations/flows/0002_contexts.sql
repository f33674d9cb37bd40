CREATE TABLE contexts (
    tenant_id uuid NOT NULL,
    id text NOT NULL DEFAULT gen_random_uuid()::text,
    document jsonb NOT NULL DEFAULT '{}',
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT contexts_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT contexts_id_check CHECK (id <> ''),
    CONSTRAINT contexts_document_check CHECK (jsonb_typeof(document) = 'object')
);
COMMENT ON TABLE contexts IS 'What is known in a conversation: a document without a fixed shape.';
COMMENT ON COLUMN contexts.expires_at IS 'From then on the document counts as gone; NULL for never.';

CREATE INDEX contexts_document_idx ON contexts USING gin (document jsonb_path_ops);
CREATE INDEX contexts_updated_at_idx ON contexts (tenant_id, updated_at DESC, id DESC);
CREATE INDEX contexts_expires_at_idx ON contexts (expires_at) WHERE expires_at IS NOT NULL;

CREATE TYPE criterion_operator AS ENUM (
    'eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'not_in', 'like', 'ilike', 'regex',
    'exists', 'size', 'date_range', 'is_null', 'is_not_null'
);
COMMENT ON TYPE criterion_operator IS 'How a field of a document is compared.';

CREATE TYPE criterion AS (field text, operator criterion_operator, operand jsonb);
COMMENT ON TYPE criterion IS
    'A condition on a field, named by its path with dots. The operand is a value; for in and not_in an array; for like, '
    'ilike and regex a string; for exists a boolean; for size a number; for date_range an object with start, end, or '
    'both; is_null and is_not_null need none.';

CREATE FUNCTION satisfies(document jsonb, criteria criterion[]) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(bool_and(coalesce(
        CASE (c).operator
            WHEN 'eq' THEN value = (c).operand
            WHEN 'ne' THEN value IS DISTINCT FROM (c).operand
            WHEN 'gt' THEN jsonb_typeof(value) = jsonb_typeof((c).operand) AND value > (c).operand
            WHEN 'gte' THEN jsonb_typeof(value) = jsonb_typeof((c).operand) AND value >= (c).operand
            WHEN 'lt' THEN jsonb_typeof(value) = jsonb_typeof((c).operand) AND value < (c).operand
            WHEN 'lte' THEN jsonb_typeof(value) = jsonb_typeof((c).operand) AND value <= (c).operand
            WHEN 'in' THEN EXISTS (SELECT 1 FROM jsonb_array_elements((c).operand) AS one (item) WHERE item = value)
            WHEN 'not_in' THEN NOT EXISTS (SELECT 1 FROM jsonb_array_elements((c).operand) AS one (item) WHERE item = value)
            WHEN 'like' THEN value #>> '{}' LIKE '%' || ((c).operand #>> '{}') || '%'
            WHEN 'ilike' THEN value #>> '{}' ILIKE '%' || ((c).operand #>> '{}') || '%'
            WHEN 'regex' THEN value #>> '{}' ~* ((c).operand #>> '{}')
            WHEN 'exists' THEN (value IS NOT NULL) = ((c).operand)::boolean
            WHEN 'size' THEN CASE jsonb_typeof(value) WHEN 'array' THEN to_jsonb(jsonb_array_length(value)) = (c).operand END
            WHEN 'date_range' THEN CASE
                WHEN pg_input_is_valid(value #>> '{}', 'timestamptz') THEN
                    coalesce((value #>> '{}')::timestamptz >= ((c).operand ->> 'start')::timestamptz, true)
                    AND coalesce((value #>> '{}')::timestamptz <= ((c).operand ->> 'end')::timestamptz, true)
            END
            WHEN 'is_null' THEN value IS NULL OR value = 'null'
            WHEN 'is_not_null' THEN value <> 'null'
        END,
        false
    )), true)
    FROM unnest(criteria) AS c
    CROSS JOIN LATERAL (SELECT document #> string_to_array((c).field, '.')) AS field (value);
END;
COMMENT ON FUNCTION satisfies(jsonb, criterion[]) IS 'Whether a document meets all conditions.';

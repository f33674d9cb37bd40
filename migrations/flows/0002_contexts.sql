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
COMMENT ON TYPE criterion IS 'A condition on a field of a document. One that lacks its field or operator is never met.';
COMMENT ON COLUMN criterion.field IS 'The path to the field, with dots.';
COMMENT ON COLUMN criterion.operator IS 'Only exists tells a field that is not there from one that is null.';
COMMENT ON COLUMN criterion.operand IS
'A value; for in and not_in an array; for like, ilike and regex a string;
for exists a boolean; for size a number; for date_range an object with start, end, or
both; is_null and is_not_null need none.';

CREATE FUNCTION satisfies(document jsonb, criteria criterion[]) RETURNS boolean
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    c criterion;
    content jsonb;
    value jsonb;
    expected jsonb;
    met boolean;
BEGIN
    FOREACH c IN ARRAY criteria LOOP
        content := document #> string_to_array(c.field, '.');
        value := coalesce(content, 'null');
        expected := coalesce(c.operand, 'null');
        CASE c.operator
            WHEN 'eq' THEN met := value = expected;
            WHEN 'ne' THEN met := value <> expected;
            WHEN 'gt' THEN met := jsonb_typeof(value) = jsonb_typeof(expected) AND value > expected;
            WHEN 'gte' THEN met := jsonb_typeof(value) = jsonb_typeof(expected) AND value >= expected;
            WHEN 'lt' THEN met := jsonb_typeof(value) = jsonb_typeof(expected) AND value < expected;
            WHEN 'lte' THEN met := jsonb_typeof(value) = jsonb_typeof(expected) AND value <= expected;
            WHEN 'in' THEN met := value IN (SELECT jsonb_array_elements(expected));
            WHEN 'not_in' THEN met := value NOT IN (SELECT jsonb_array_elements(expected));
            WHEN 'like' THEN met := value #>> '{}' LIKE '%' || (expected #>> '{}') || '%';
            WHEN 'ilike' THEN met := value #>> '{}' ILIKE '%' || (expected #>> '{}') || '%';
            WHEN 'regex' THEN met := value #>> '{}' ~* (expected #>> '{}');
            WHEN 'exists' THEN met := to_jsonb(content IS NOT NULL) = expected;
            WHEN 'size' THEN
                met := CASE jsonb_typeof(value) WHEN 'array' THEN to_jsonb(jsonb_array_length(value)) = expected END;
            WHEN 'date_range' THEN
                met := CASE
                    WHEN jsonb_typeof(value) = 'string' AND pg_input_is_valid(value #>> '{}', 'timestamptz') THEN
                        coalesce((value #>> '{}')::timestamptz >= (expected ->> 'start')::timestamptz, true)
                        AND coalesce((value #>> '{}')::timestamptz <= (expected ->> 'end')::timestamptz, true)
                END;
            WHEN 'is_null' THEN met := value = 'null';
            WHEN 'is_not_null' THEN met := value <> 'null';
            ELSE met := false;
        END CASE;
        IF c.field IS NULL OR met IS NOT TRUE THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN true;
END
$$;
COMMENT ON FUNCTION satisfies(jsonb, criterion[]) IS 'Whether a document meets all conditions.';

CREATE TYPE shape;
CREATE FUNCTION shape_in(cstring) RETURNS shape LANGUAGE internal STRICT AS 'textin';
CREATE FUNCTION shape_out(shape) RETURNS cstring LANGUAGE internal STRICT AS 'textout';
CREATE TYPE shape (INPUT = shape_in, OUTPUT = shape_out, LIKE = text);
CREATE TABLE tasks (id integer PRIMARY KEY, label shape NOT NULL);

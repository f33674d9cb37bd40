CREATE TABLE blogs (id integer PRIMARY KEY, name text NOT NULL, note text);
CREATE TABLE archive (id integer PRIMARY KEY, blog blogs NOT NULL, more blogs[] NOT NULL);
CREATE FUNCTION find_blog(wanted integer) RETURNS blogs LANGUAGE plpgsql STABLE AS $$
DECLARE found blogs;
BEGIN
    SELECT * INTO found FROM blogs WHERE id = wanted;
    RETURN found;
END $$;
CREATE FUNCTION half_a_blog(wanted integer) RETURNS blogs LANGUAGE sql STABLE
AS 'SELECT ROW(wanted, NULL, NULL)::blogs';

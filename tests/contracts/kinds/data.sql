INSERT INTO people (name, mail, home, moods) OVERRIDING SYSTEM VALUE VALUES ('a', 'x', ROW('s', 1, 'ok'), '{ok,sad}'), ('x2', NULL, NULL, NULL);
INSERT INTO events VALUES (1, '2024-01-02', 'e');
INSERT INTO loose VALUES (1, '2031-01-02', 'e');
INSERT INTO orders VALUES (1, 1, 1, 'n');
INSERT INTO plain (id, a) VALUES (1, 'a');
REFRESH MATERIALIZED VIEW mv;

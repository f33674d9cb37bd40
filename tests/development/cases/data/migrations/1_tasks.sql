CREATE TABLE tasks (id int, title text);
COPY tasks (id, title) FROM stdin;
1	one; "two
2	\N
\.
COPY tasks (id, title) FROM stdin WITH (FORMAT csv);
3,'three
\.
INSERT INTO tasks VALUES (4, 'four');

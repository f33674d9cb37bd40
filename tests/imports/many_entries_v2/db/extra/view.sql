CREATE VIEW tagged AS SELECT n.id, array_agg(t.tag) AS tags FROM notes n JOIN tags t ON t.note = n.id GROUP BY n.id;

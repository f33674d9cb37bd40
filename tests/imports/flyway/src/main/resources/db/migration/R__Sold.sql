CREATE OR REPLACE VIEW sold AS SELECT e.id, count(t.seat) AS seats, sum(t.price) AS takings FROM events e LEFT JOIN tickets t ON t.event_id = e.id GROUP BY e.id;

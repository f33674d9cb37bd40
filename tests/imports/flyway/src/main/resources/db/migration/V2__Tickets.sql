CREATE TABLE tickets (event_id int NOT NULL REFERENCES events, seat text NOT NULL, price money);

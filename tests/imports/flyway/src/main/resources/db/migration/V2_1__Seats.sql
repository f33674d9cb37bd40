ALTER TABLE tickets ADD PRIMARY KEY (event_id, seat);

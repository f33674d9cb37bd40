CREATE TABLE tasks (tenant_id int NOT NULL, id int PRIMARY KEY);

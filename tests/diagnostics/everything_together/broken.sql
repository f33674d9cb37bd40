CREATE TABLE x (a int, b nonesuch);

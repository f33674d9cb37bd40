CREATE TABLE cars (plate text PRIMARY KEY, fuel fuel, shape shape);

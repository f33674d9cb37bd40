CREATE TABLE trips (plate text REFERENCES cars, km int NOT NULL);

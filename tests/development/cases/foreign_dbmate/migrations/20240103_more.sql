-- migrate:up
CREATE TABLE more ();

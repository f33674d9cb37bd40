CREATE TABLE more ();

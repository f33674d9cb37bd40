DISCARD TEMP;
SELECT pg_advisory_unlock_all();
CREATE TABLE g ();

-- reposgen: no-transaction
CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE a09 (); COMMIT; CREATE TABLE b09 (); END $$;
CALL p();

-- reposgen: no-transaction
SET SESSION AUTHORIZATION migrated_owner;
CREATE TABLE d ();

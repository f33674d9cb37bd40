SET ROLE migrated_owner;
CREATE TABLE a ();

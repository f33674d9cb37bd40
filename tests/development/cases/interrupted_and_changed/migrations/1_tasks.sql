-- reposgen: no-transaction
CREATE TABLE tasks ();
CREATE TABLE a (id integr);

-- reposgen: no-transaction
CREATE TABLE tasks ();
CREATE ROLE of_hand ROLE absent_role PASSWORD 'hunter2';
VACUUM nothing;
CREATE TABLE a ();

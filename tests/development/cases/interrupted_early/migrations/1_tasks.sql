-- reposgen: no-transaction
CREATE TABLE tasks (id integr);

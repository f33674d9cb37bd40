\connect shop
CREATE TABLE a (id int);

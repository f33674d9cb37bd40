create table birds (id int primary key, species text not null);

---- create above / drop below ----

drop table birds;

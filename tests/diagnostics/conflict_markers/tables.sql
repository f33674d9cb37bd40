CREATE TABLE tasks (
<<<<<<< HEAD
    id int
=======
    id bigint
>>>>>>> feature
);

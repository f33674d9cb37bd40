CREATE TABLE loans (
    member_id bigint NOT NULL REFERENCES members,
    book text NOT NULL,
    until daterange NOT NULL,
    PRIMARY KEY (member_id, book)
);

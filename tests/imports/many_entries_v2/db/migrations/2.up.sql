CREATE TABLE tags (tag citext PRIMARY KEY, note int REFERENCES notes);

CREATE TABLE links (source integer, kind text, PRIMARY KEY (source, kind));

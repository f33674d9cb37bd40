-- reposgen: no-transaction
CREATE TYPE mood AS ENUM ('sad');
ALTER TYPE mood ADD VALUE 'ok';
CREATE TABLE a10 (m mood DEFAULT 'ok');

CREATE TYPE fuel AS ENUM ('petrol', 'battery');

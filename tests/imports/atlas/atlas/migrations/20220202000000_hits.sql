-- atlas:txmode none

-- Create "hits" table
CREATE TABLE "hits" ("route_id" bigint NOT NULL, "at" timestamptz NOT NULL, CONSTRAINT "hits_route" FOREIGN KEY ("route_id") REFERENCES "routes" ("id"));
-- Create index
CREATE INDEX CONCURRENTLY "hits_at" ON "hits" ("at");

ALTER TABLE "comments" ADD COLUMN "body" text NOT NULL;--> statement-breakpoint
CREATE INDEX "comments_post" ON "comments" USING btree ("post_id");

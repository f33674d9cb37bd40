CREATE TABLE more ();
--> statement-breakpoint
CREATE TABLE most ();

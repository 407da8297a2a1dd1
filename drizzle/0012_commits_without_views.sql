-- STRICT and WITHOUT ROWID are added by hand, and so is what drops the views through which commits went before. Their
-- triggers go with them.
CREATE TABLE `refusals` (
	`reason` text PRIMARY KEY NOT NULL,
	CONSTRAINT "commit_refused" CHECK(false)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
DROP VIEW `ledger_commits`;--> statement-breakpoint
DROP VIEW `ledger_redemptions`;--> statement-breakpoint
DROP VIEW `ledger_grants`;

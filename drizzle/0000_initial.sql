-- STRICT keeps JavaScript numbers integers, and WITHOUT ROWID saves a row written per insert. Both, and the
-- trigger, are beyond what drizzle-kit generates and are added by hand.
CREATE TABLE `api_clients` (
	`client_id` text PRIMARY KEY NOT NULL,
	`tenant` text NOT NULL,
	`secret_hash` text NOT NULL,
	`scopes` text NOT NULL,
	`created_at` integer NOT NULL,
	`revoked_at` integer
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `coupons` (
	`tenant` text NOT NULL,
	`canonical_code` text NOT NULL,
	`code` text NOT NULL,
	`definition` text NOT NULL,
	`issued_to` text NOT NULL,
	`issued_at` integer NOT NULL,
	`redemption_id` text NOT NULL,
	`redeem_option_id` text NOT NULL,
	`redemption_count` integer NOT NULL,
	PRIMARY KEY(`tenant`, `canonical_code`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `idempotency_records` (
	`tenant` text NOT NULL,
	`caller` text NOT NULL,
	`operation` text NOT NULL,
	`idempotency_key` text NOT NULL,
	`fingerprint` text NOT NULL,
	`answer` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant`, `caller`, `operation`, `idempotency_key`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `ledger_entries` (
	`tenant` text NOT NULL,
	`customer_id` text NOT NULL,
	`sequence` integer NOT NULL,
	`kind` text NOT NULL,
	`entry_id` text,
	`command_id` text NOT NULL,
	`actor` text NOT NULL,
	`recorded_at` integer NOT NULL,
	`points` integer NOT NULL,
	`balance_after` integer NOT NULL,
	`created_at` integer NOT NULL,
	`valid_until` integer,
	`reference_id` text,
	`description` text,
	`redeem_option_id` text,
	`coupon_code` text,
	`fingerprint` text,
	PRIMARY KEY(`tenant`, `customer_id`, `sequence`),
	CONSTRAINT "ledger_entries_points" CHECK("ledger_entries"."points" >= 0)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `ledger_entries_by_id` ON `ledger_entries` (`tenant`,`customer_id`,`entry_id`);--> statement-breakpoint
CREATE TABLE `ledgers` (
	`tenant` text NOT NULL,
	`customer_id` text NOT NULL,
	`opened_at` integer NOT NULL,
	`opened_by` text NOT NULL,
	PRIMARY KEY(`tenant`, `customer_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `lot_usages` (
	`tenant` text NOT NULL,
	`customer_id` text NOT NULL,
	`lot_id` text NOT NULL,
	`redemption_id` text NOT NULL,
	`sequence` integer NOT NULL,
	`points` integer NOT NULL,
	PRIMARY KEY(`tenant`, `customer_id`, `lot_id`, `sequence`),
	CONSTRAINT "lot_usages_points" CHECK("lot_usages"."points" <> 0)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `lots` (
	`tenant` text NOT NULL,
	`customer_id` text NOT NULL,
	`lot_id` text NOT NULL,
	`points` integer NOT NULL,
	`used_points` integer NOT NULL,
	`created_at` integer NOT NULL,
	`valid_until` integer,
	PRIMARY KEY(`tenant`, `customer_id`, `lot_id`),
	CONSTRAINT "lots_used_points" CHECK("lots"."used_points" between 0 and "lots"."points")
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `lots_with_points` ON `lots` (`tenant`,`customer_id`,`valid_until`) WHERE "lots"."used_points" < "lots"."points";--> statement-breakpoint
CREATE TABLE `redeem_options` (
	`tenant` text NOT NULL,
	`id` text NOT NULL,
	`type` text NOT NULL,
	`name` text NOT NULL,
	`description` text,
	`points` integer NOT NULL,
	`coupon` text,
	`points_after_coupon` integer,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`modified_at` integer NOT NULL,
	PRIMARY KEY(`tenant`, `id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `site_mixins` (
	`tenant` text NOT NULL,
	`site_code` text NOT NULL,
	`mixin_name` text NOT NULL,
	`value` text NOT NULL,
	PRIMARY KEY(`tenant`, `site_code`, `mixin_name`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TRIGGER `ledger_entries_are_append_only` BEFORE UPDATE ON `ledger_entries`
BEGIN
	SELECT RAISE(ABORT, 'ledger entries are never edited');
END;

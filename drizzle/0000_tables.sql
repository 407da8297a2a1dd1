-- STRICT keeps JavaScript numbers integers, and WITHOUT ROWID saves a row written per insert. drizzle-kit generates
-- neither: both are added by hand.
CREATE TABLE `api_clients` (
	`client_id` text PRIMARY KEY NOT NULL,
	`tenant` text NOT NULL,
	`secret_hash` text NOT NULL,
	`scopes` text NOT NULL,
	`created_at` integer NOT NULL,
	`revoked_at` integer
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `coupon_uses` (
	`tenant` text NOT NULL,
	`canonical_code` text NOT NULL,
	`use_id` text NOT NULL,
	`customer_id` text,
	`legal_entity_id` text,
	`order_code` text,
	`order_total` text NOT NULL,
	`discount` text NOT NULL,
	`currency` text NOT NULL,
	`used_at` integer NOT NULL,
	`used_by` text NOT NULL,
	`cancelled_at` integer,
	`cancelled_by` text,
	PRIMARY KEY(`tenant`, `canonical_code`, `use_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `coupon_uses_by_order` ON `coupon_uses` (`tenant`,`canonical_code`,`customer_id`,`order_code`) WHERE "coupon_uses"."cancelled_at" is null;--> statement-breakpoint
CREATE INDEX `coupon_uses_by_customer` ON `coupon_uses` (`tenant`,`customer_id`) WHERE "coupon_uses"."customer_id" is not null;--> statement-breakpoint
CREATE INDEX `coupon_uses_by_order_code` ON `coupon_uses` (`tenant`,`order_code`) WHERE "coupon_uses"."order_code" is not null and "coupon_uses"."cancelled_at" is null;--> statement-breakpoint
CREATE TABLE `coupons` (
	`tenant` text NOT NULL,
	`canonical_code` text NOT NULL,
	`code` text NOT NULL,
	`definition` text NOT NULL,
	`issued_to` text NOT NULL,
	`issued_at` integer NOT NULL,
	`exchange_id` text NOT NULL,
	`redeem_option_id` text NOT NULL,
	`redemption_count` integer NOT NULL,
	`deleted_at` integer,
	`given_back_at` integer,
	PRIMARY KEY(`tenant`, `canonical_code`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `coupons_by_time` ON `coupons` (`tenant`,`issued_at`);--> statement-breakpoint
CREATE INDEX `coupons_by_customer` ON `coupons` (`tenant`,`issued_to`,`issued_at`);--> statement-breakpoint
CREATE INDEX `coupons_given_back` ON `coupons` (`tenant`,`issued_to`,`given_back_at`) WHERE "coupons"."given_back_at" is not null;--> statement-breakpoint
CREATE TABLE `exchanges` (
	`tenant` text NOT NULL,
	`customer_id` text NOT NULL,
	`exchange_id` text NOT NULL,
	`coupon_code` text NOT NULL,
	`canonical_code` text NOT NULL,
	`redeem_option_id` text NOT NULL,
	`definition` text NOT NULL,
	`state` text NOT NULL,
	`reason` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant`, `customer_id`, `exchange_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `exchanges_under_way` ON `exchanges` (`tenant`,`customer_id`) WHERE "exchanges"."state" in ('PENDING', 'VOIDING');--> statement-breakpoint
CREATE INDEX `exchanges_given_back` ON `exchanges` (`tenant`,`customer_id`,`updated_at`) WHERE "exchanges"."state" in ('VOIDING', 'GIVEN_BACK');--> statement-breakpoint
CREATE INDEX `exchanges_left_half_way` ON `exchanges` (`updated_at`) WHERE "exchanges"."state" in ('PENDING', 'VOIDING');--> statement-breakpoint
CREATE TABLE `erased_totals` (
	`tenant` text NOT NULL,
	`month` text NOT NULL,
	`ledgers` integer NOT NULL,
	`granted` integer NOT NULL,
	`redeemed` integer NOT NULL,
	`refunded` integer NOT NULL,
	`reversed` integer NOT NULL,
	`expired` integer NOT NULL,
	PRIMARY KEY(`tenant`, `month`)
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
	`related_id` text,
	`order_value` text,
	`return_id` text,
	`requested_points` integer,
	`expired_points` integer,
	`owed_change` integer,
	`absorbed_change` integer,
	`coupon_issuer` text,
	`previous_seal` text DEFAULT '' NOT NULL,
	`seal` text DEFAULT '' NOT NULL,
	PRIMARY KEY(`tenant`, `customer_id`, `sequence`),
	CONSTRAINT "ledger_entries_points" CHECK("ledger_entries"."points" >= 0)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `ledger_entries_by_id` ON `ledger_entries` (`tenant`,`customer_id`,`entry_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `ledger_entries_of_orders` ON `ledger_entries` (`tenant`,`entry_id`) WHERE "ledger_entries"."order_value" is not null;--> statement-breakpoint
CREATE INDEX `ledger_entries_forgiven` ON `ledger_entries` (`tenant`,`customer_id`,`sequence`) WHERE "ledger_entries"."kind" = 'reversed' and "ledger_entries"."requested_points"
  > "ledger_entries"."points" + "ledger_entries"."expired_points" + "ledger_entries"."owed_change" + "ledger_entries"."absorbed_change";--> statement-breakpoint
CREATE TABLE `ledger_findings` (
	`tenant` text NOT NULL,
	`customer_id` text NOT NULL,
	`kind` text NOT NULL,
	`sequence` integer NOT NULL,
	`message` text NOT NULL,
	`first_found_at` integer NOT NULL,
	`last_found_at` integer NOT NULL,
	PRIMARY KEY(`tenant`, `customer_id`, `kind`, `sequence`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `ledger_findings_by_time` ON `ledger_findings` (`last_found_at`);--> statement-breakpoint
CREATE TABLE `ledgers` (
	`tenant` text NOT NULL,
	`customer_id` text NOT NULL,
	`opened_at` integer NOT NULL,
	`opened_by` text NOT NULL,
	`owed` integer DEFAULT 0 NOT NULL,
	`absorbed` integer DEFAULT 0 NOT NULL,
	`sequence` integer DEFAULT 0 NOT NULL,
	`head` text DEFAULT '' NOT NULL,
	`points` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`tenant`, `customer_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `lot_usages` (
	`tenant` text NOT NULL,
	`customer_id` text NOT NULL,
	`lot_id` text NOT NULL,
	`taken_by` text NOT NULL,
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
	`expired_points` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`tenant`, `customer_id`, `lot_id`),
	CONSTRAINT "lots_used_points" CHECK("lots"."used_points" between 0 and "lots"."points")
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `lots_left` ON `lots` (`tenant`,`customer_id`,`valid_until`) WHERE "lots"."points" > "lots"."used_points" + "lots"."expired_points";--> statement-breakpoint
CREATE INDEX `lots_to_expire` ON `lots` (`valid_until`) WHERE "lots"."valid_until" is not null and "lots"."points" > "lots"."used_points" + "lots"."expired_points";--> statement-breakpoint
CREATE TABLE `sweeps` (
	`name` text PRIMARY KEY NOT NULL,
	`tenant` text NOT NULL,
	`customer_id` text NOT NULL,
	`round_started_at` integer NOT NULL,
	`updated_at` integer NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
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
CREATE TABLE `event_mentions` (
	`tenant` text NOT NULL,
	`mention` text NOT NULL,
	`event_id` text NOT NULL,
	PRIMARY KEY(`tenant`, `mention`, `event_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `known_events` (
	`tenant` text NOT NULL,
	`key` text NOT NULL,
	`event_id` text NOT NULL,
	`received_at` integer NOT NULL,
	PRIMARY KEY(`tenant`, `key`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `known_events_by_time` ON `known_events` (`received_at`);--> statement-breakpoint
CREATE TABLE `order_events` (
	`tenant` text NOT NULL,
	`id` text NOT NULL,
	`type` text NOT NULL,
	`order_id` text,
	`return_id` text,
	`customer_id` text,
	`site_code` text,
	`verdict` text NOT NULL,
	`points` integer,
	`reason` text,
	`detail` text,
	`payload` text,
	`received_at` integer NOT NULL,
	`processed_at` integer,
	`attempts` integer NOT NULL,
	`mentions` text,
	PRIMARY KEY(`tenant`, `id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `order_events_by_order` ON `order_events` (`tenant`,`order_id`);--> statement-breakpoint
CREATE INDEX `order_events_by_return` ON `order_events` (`tenant`,`return_id`) WHERE "order_events"."return_id" is not null;--> statement-breakpoint
CREATE INDEX `order_events_by_customer` ON `order_events` (`tenant`,`customer_id`);--> statement-breakpoint
CREATE INDEX `order_events_by_verdict` ON `order_events` (`tenant`,`verdict`);--> statement-breakpoint
CREATE INDEX `order_events_by_time` ON `order_events` (`received_at`);--> statement-breakpoint
CREATE INDEX `order_events_waiting` ON `order_events` (`tenant`,`order_id`) WHERE "order_events"."verdict" = 'waiting';--> statement-breakpoint
CREATE INDEX `order_events_undelivered` ON `order_events` (`processed_at`) WHERE "order_events"."verdict" in ('waiting', 'failed')
  and "order_events"."reason" in ('in_progress', 'retrying', 'gave_up');--> statement-breakpoint
CREATE TABLE `orders` (
	`tenant` text NOT NULL,
	`order_id` text NOT NULL,
	`customer_id` text,
	`site_code` text,
	`master_id` text,
	`terms` text,
	`events` integer NOT NULL,
	`version` integer,
	`versioned` text,
	`unversioned` text,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant`, `order_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `orders_by_customer` ON `orders` (`tenant`,`customer_id`) WHERE "orders"."customer_id" is not null;--> statement-breakpoint
CREATE INDEX `orders_by_master` ON `orders` (`tenant`,`master_id`) WHERE "orders"."master_id" is not null;--> statement-breakpoint
CREATE INDEX `orders_of_nobody` ON `orders` (`updated_at`) WHERE "orders"."customer_id" is null;--> statement-breakpoint
CREATE TABLE `return_orders` (
	`tenant` text NOT NULL,
	`order_id` text NOT NULL,
	`return_id` text NOT NULL,
	PRIMARY KEY(`tenant`, `order_id`, `return_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `return_orders_by_return` ON `return_orders` (`tenant`,`return_id`);--> statement-breakpoint
CREATE TABLE `returns` (
	`tenant` text NOT NULL,
	`return_id` text NOT NULL,
	`customer_id` text,
	`version` integer,
	`versioned` text,
	`unversioned` text,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant`, `return_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `returns_by_customer` ON `returns` (`tenant`,`customer_id`) WHERE "returns"."customer_id" is not null;--> statement-breakpoint
CREATE INDEX `returns_of_nobody` ON `returns` (`updated_at`) WHERE "returns"."customer_id" is null;--> statement-breakpoint
CREATE TABLE `idempotency_records` (
	`tenant` text NOT NULL,
	`caller` text NOT NULL,
	`operation` text NOT NULL,
	`idempotency_key` text NOT NULL,
	`fingerprint` text NOT NULL,
	`answer` text NOT NULL,
	`created_at` integer NOT NULL,
	`customer_id` text,
	PRIMARY KEY(`tenant`, `caller`, `operation`, `idempotency_key`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `idempotency_records_by_customer` ON `idempotency_records` (`tenant`,`customer_id`) WHERE "idempotency_records"."customer_id" is not null;--> statement-breakpoint
CREATE INDEX `idempotency_records_by_time` ON `idempotency_records` (`created_at`);--> statement-breakpoint
CREATE TABLE `refusals` (
	`reason` text PRIMARY KEY NOT NULL,
	CONSTRAINT "commit_refused" CHECK(false)
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
CREATE TABLE `tenants_away` (
	`tenant` text PRIMARY KEY NOT NULL,
	`state` text NOT NULL,
	`counterpart` text NOT NULL,
	`is_open` integer DEFAULT 0 NOT NULL,
	`since` integer NOT NULL
) STRICT, WITHOUT ROWID;

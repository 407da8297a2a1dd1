-- STRICT, WITHOUT ROWID, the triggers and what is done to older rows are beyond what drizzle-kit generates and are
-- added by hand.
CREATE TABLE `erased_totals` (
	`tenant` text NOT NULL,
	`month` text NOT NULL,
	`ledgers` integer NOT NULL,
	`granted` integer NOT NULL,
	`redeemed` integer NOT NULL,
	`refunded` integer NOT NULL,
	`taken_back` integer NOT NULL,
	`lapsed` integer NOT NULL,
	PRIMARY KEY(`tenant`, `month`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
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
CREATE TABLE `sweeps` (
	`name` text PRIMARY KEY NOT NULL,
	`tenant` text NOT NULL,
	`customer_id` text NOT NULL,
	`round_started_at` integer NOT NULL,
	`updated_at` integer NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
DROP INDEX `lots_with_points`;--> statement-breakpoint
ALTER TABLE `lots` ADD `lapsed_points` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `lots_left` ON `lots` (`tenant`,`customer_id`,`valid_until`) WHERE "lots"."points" > "lots"."used_points" + "lots"."lapsed_points";--> statement-breakpoint
CREATE INDEX `lots_to_lapse` ON `lots` (`valid_until`) WHERE "lots"."valid_until" is not null and "lots"."points" > "lots"."used_points" + "lots"."lapsed_points";--> statement-breakpoint
ALTER TABLE `idempotency_records` ADD `customer_id` text;--> statement-breakpoint
CREATE INDEX `idempotency_records_by_customer` ON `idempotency_records` (`tenant`,`customer_id`) WHERE "idempotency_records"."customer_id" is not null;--> statement-breakpoint
CREATE INDEX `idempotency_records_by_time` ON `idempotency_records` (`created_at`);--> statement-breakpoint
ALTER TABLE `ledger_entries` ADD `previous_hash` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `ledger_entries` ADD `hash` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `ledgers` ADD `sequence` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `ledgers` ADD `hash` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `ledgers` ADD `points` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `coupon_redemptions_by_customer` ON `coupon_redemptions` (`tenant`,`customer_id`) WHERE "coupon_redemptions"."customer_id" is not null;--> statement-breakpoint
CREATE INDEX `exchanges_left_half_way` ON `exchanges` (`updated_at`) WHERE "exchanges"."state" in ('PENDING', 'VOIDING');--> statement-breakpoint
CREATE INDEX `order_events_unsettled` ON `order_events` (`processed_at`) WHERE "order_events"."verdict" in ('waiting', 'failed');
--> statement-breakpoint
DELETE FROM `ledger_entries` WHERE `kind` = 'erased';
--> statement-breakpoint
UPDATE `ledgers` SET
	`sequence` = (
		SELECT max(e.`sequence`) FROM `ledger_entries` e
		WHERE e.`tenant` = `ledgers`.`tenant` AND e.`customer_id` = `ledgers`.`customer_id`
	),
	`points` = (
		SELECT coalesce(sum(l.`points` - l.`used_points`), 0) FROM `lots` l
		WHERE l.`tenant` = `ledgers`.`tenant` AND l.`customer_id` = `ledgers`.`customer_id`
	);
--> statement-breakpoint
CREATE TRIGGER `ledger_entries_follow_one_another` BEFORE INSERT ON `ledger_entries`
WHEN NEW.`previous_hash` IS NOT iif(NEW.`sequence` = 1, '', (
	SELECT e.`hash` FROM `ledger_entries` e
	WHERE e.`tenant` = NEW.`tenant` AND e.`customer_id` = NEW.`customer_id` AND e.`sequence` = NEW.`sequence` - 1
))
BEGIN
	SELECT RAISE(ABORT, 'constraint failed: the entry does not follow the last one');
END;
--> statement-breakpoint
CREATE TRIGGER `lot_usages_name_their_lot` BEFORE INSERT ON `lot_usages`
WHEN NOT EXISTS (
	SELECT 1 FROM `lots` l
	WHERE l.`tenant` = NEW.`tenant` AND l.`customer_id` = NEW.`customer_id` AND l.`lot_id` = NEW.`lot_id`
)
BEGIN
	SELECT RAISE(ABORT, 'constraint failed: there is no such lot');
END;
--> statement-breakpoint
CREATE TRIGGER `lots_give_no_more_than_they_have` BEFORE UPDATE ON `lots`
WHEN NEW.`lapsed_points` < 0 OR NEW.`used_points` + NEW.`lapsed_points` > NEW.`points`
BEGIN
	SELECT RAISE(ABORT, 'constraint failed: the lot has not that many points left');
END;

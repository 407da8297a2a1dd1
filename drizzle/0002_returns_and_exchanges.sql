-- STRICT, WITHOUT ROWID and the triggers are beyond what drizzle-kit generates and are added by hand.
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
ALTER TABLE `ledger_entries` ADD `related_id` text;--> statement-breakpoint
ALTER TABLE `ledger_entries` ADD `order_value` text;--> statement-breakpoint
ALTER TABLE `ledger_entries` ADD `return_id` text;--> statement-breakpoint
ALTER TABLE `ledger_entries` ADD `requested_points` integer;--> statement-breakpoint
ALTER TABLE `ledger_entries` ADD `lapsed_points` integer;--> statement-breakpoint
ALTER TABLE `ledger_entries` ADD `owed_change` integer;--> statement-breakpoint
ALTER TABLE `ledger_entries` ADD `absorbed_change` integer;--> statement-breakpoint
ALTER TABLE `ledger_entries` ADD `coupon_issuer` text;--> statement-breakpoint
CREATE UNIQUE INDEX `ledger_entries_of_orders` ON `ledger_entries` (`tenant`,`entry_id`) WHERE "ledger_entries"."order_value" is not null;--> statement-breakpoint
ALTER TABLE `ledgers` ADD `owed` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `ledgers` ADD `absorbed` integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE `coupons` ADD `given_back_at` integer;
--> statement-breakpoint
CREATE TRIGGER `coupons_used_are_not_given_back` BEFORE UPDATE OF `given_back_at` ON `coupons`
WHEN NEW.given_back_at IS NOT NULL AND NEW.redemption_count > 0
BEGIN
	SELECT RAISE(ABORT, 'constraint failed: a used coupon cannot be given back');
END;
--> statement-breakpoint
CREATE TRIGGER `exchanges_follow_their_states` BEFORE UPDATE OF `state` ON `exchanges`
WHEN NOT (
	(OLD.state = 'PENDING' AND NEW.state IN ('ISSUED', 'CHARGED_BACK'))
	OR (OLD.state = 'ISSUED' AND NEW.state = 'VOIDING')
	OR (OLD.state = 'VOIDING' AND NEW.state IN ('GIVEN_BACK', 'ISSUED'))
)
BEGIN
	SELECT RAISE(ABORT, 'constraint failed: the exchange is in another state');
END;

-- STRICT and WITHOUT ROWID are added by hand, as in 0000.
CREATE TABLE `coupon_redemptions` (
	`tenant` text NOT NULL,
	`canonical_code` text NOT NULL,
	`redemption_id` text NOT NULL,
	`customer_id` text,
	`legal_entity_id` text,
	`order_code` text,
	`order_total` text NOT NULL,
	`discount` text NOT NULL,
	`currency` text NOT NULL,
	`redeemed_at` integer NOT NULL,
	`redeemed_by` text NOT NULL,
	`given_back_at` integer,
	`given_back_by` text,
	PRIMARY KEY(`tenant`, `canonical_code`, `redemption_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `coupon_redemptions_by_order` ON `coupon_redemptions` (`tenant`,`canonical_code`,`customer_id`,`order_code`) WHERE "coupon_redemptions"."given_back_at" is null;--> statement-breakpoint
ALTER TABLE `coupons` ADD `deleted_at` integer;--> statement-breakpoint
CREATE INDEX `coupons_by_time` ON `coupons` (`tenant`,`issued_at`);--> statement-breakpoint
CREATE INDEX `coupons_by_customer` ON `coupons` (`tenant`,`issued_to`,`issued_at`);
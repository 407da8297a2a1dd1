ALTER TABLE `coupons` ADD `holder` text;--> statement-breakpoint
ALTER TABLE `coupons` ADD `is_referral` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `coupons` ADD `issued_definition` text;--> statement-breakpoint
ALTER TABLE `coupons` ADD `version` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `coupons_by_holder` ON `coupons` (`tenant`,`holder`) WHERE "coupons"."holder" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX `coupons_referral` ON `coupons` (`tenant`,`holder`) WHERE "coupons"."is_referral" = 1 and "coupons"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX `coupons_of_merchants` ON `coupons` (`tenant`) WHERE "coupons"."exchange_id" = '';
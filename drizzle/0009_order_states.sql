-- STRICT, WITHOUT ROWID and the triggers are beyond what drizzle-kit generates and are added by hand.
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
CREATE INDEX `coupon_redemptions_by_order_code` ON `coupon_redemptions` (`tenant`,`order_code`) WHERE "coupon_redemptions"."order_code" is not null and "coupon_redemptions"."given_back_at" is null;--> statement-breakpoint
CREATE INDEX `ledger_entries_forgiven` ON `ledger_entries` (`tenant`,`customer_id`,`sequence`) WHERE "ledger_entries"."kind" = 'taken-back' and "ledger_entries"."requested_points"
  > "ledger_entries"."points" + "ledger_entries"."lapsed_points" + "ledger_entries"."owed_change" + "ledger_entries"."absorbed_change";
--> statement-breakpoint
CREATE TRIGGER `orders_insert_at_home` BEFORE INSERT ON `orders`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `orders_update_at_home` BEFORE UPDATE ON `orders`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `orders_delete_at_home` BEFORE DELETE ON `orders`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `return_orders_insert_at_home` BEFORE INSERT ON `return_orders`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `return_orders_update_at_home` BEFORE UPDATE ON `return_orders`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `return_orders_delete_at_home` BEFORE DELETE ON `return_orders`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `returns_insert_at_home` BEFORE INSERT ON `returns`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `returns_update_at_home` BEFORE UPDATE ON `returns`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `returns_delete_at_home` BEFORE DELETE ON `returns`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;

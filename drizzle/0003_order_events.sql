-- STRICT and WITHOUT ROWID are added by hand, as in 0000.
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
	`payload` text,
	`received_at` integer NOT NULL,
	`processed_at` integer,
	`attempts` integer NOT NULL,
	PRIMARY KEY(`tenant`, `id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `order_events_by_order` ON `order_events` (`tenant`,`order_id`);--> statement-breakpoint
CREATE INDEX `order_events_by_return` ON `order_events` (`tenant`,`return_id`) WHERE "order_events"."return_id" is not null;--> statement-breakpoint
CREATE INDEX `order_events_by_customer` ON `order_events` (`tenant`,`customer_id`);--> statement-breakpoint
CREATE INDEX `order_events_by_verdict` ON `order_events` (`tenant`,`verdict`);--> statement-breakpoint
CREATE INDEX `order_events_by_time` ON `order_events` (`received_at`);

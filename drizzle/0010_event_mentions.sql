-- STRICT, WITHOUT ROWID and the triggers are added by hand, as in 0005.
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
CREATE INDEX `known_events_by_time` ON `known_events` (`received_at`);
--> statement-breakpoint
ALTER TABLE `order_events` ADD `mentions` text;
--> statement-breakpoint
CREATE TRIGGER `event_mentions_insert_at_home` BEFORE INSERT ON `event_mentions`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `event_mentions_update_at_home` BEFORE UPDATE ON `event_mentions`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `event_mentions_delete_at_home` BEFORE DELETE ON `event_mentions`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `known_events_insert_at_home` BEFORE INSERT ON `known_events`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `known_events_update_at_home` BEFORE UPDATE ON `known_events`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `known_events_delete_at_home` BEFORE DELETE ON `known_events`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
-- The mentions of an event come and go with it. A tenant that is moved brings some of them along already.
CREATE TRIGGER `order_events_are_mentioned` AFTER INSERT ON `order_events`
WHEN NEW.`mentions` IS NOT NULL
BEGIN
	INSERT INTO `event_mentions` (`tenant`, `mention`, `event_id`)
	SELECT NEW.`tenant`, value, NEW.`id` FROM json_each(iif(json_valid(NEW.`mentions`), NEW.`mentions`, '[]')) WHERE true
	ON CONFLICT DO NOTHING;
END;
--> statement-breakpoint
CREATE TRIGGER `order_events_are_mentioned_no_more` AFTER UPDATE OF `mentions` ON `order_events`
WHEN OLD.`mentions` IS NOT NULL AND NEW.`mentions` IS NULL
BEGIN
	DELETE FROM `event_mentions` WHERE `tenant` = OLD.`tenant` AND `event_id` = OLD.`id`
		AND `mention` IN (SELECT value FROM json_each(iif(json_valid(OLD.`mentions`), OLD.`mentions`, '[]')));
END;
--> statement-breakpoint
CREATE TRIGGER `order_events_take_mentions_along` AFTER DELETE ON `order_events`
WHEN OLD.`mentions` IS NOT NULL
BEGIN
	DELETE FROM `event_mentions` WHERE `tenant` = OLD.`tenant` AND `event_id` = OLD.`id`
		AND `mention` IN (SELECT value FROM json_each(iif(json_valid(OLD.`mentions`), OLD.`mentions`, '[]')));
END;


-- The table event_mentions follows the column mentions, so that an erasure finds events without reading any.
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

CREATE TABLE `poll_positions` (
	`tenant` text NOT NULL,
	`source` text NOT NULL,
	`position` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant`, `source`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TRIGGER `poll_positions_insert_at_home` BEFORE INSERT ON `poll_positions`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `poll_positions_update_at_home` BEFORE UPDATE ON `poll_positions`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `poll_positions_delete_at_home` BEFORE DELETE ON `poll_positions`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;

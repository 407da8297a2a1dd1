CREATE TABLE `sites` (
	`tenant` text NOT NULL,
	`site_code` text NOT NULL,
	`is_default` integer NOT NULL,
	`version` integer NOT NULL,
	`details` text NOT NULL,
	PRIMARY KEY(`tenant`, `site_code`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `sites_default` ON `sites` (`tenant`) WHERE "sites"."is_default" = 1;
--> statement-breakpoint
CREATE TRIGGER `sites_insert_at_home` BEFORE INSERT ON `sites`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `sites_update_at_home` BEFORE UPDATE ON `sites`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `sites_delete_at_home` BEFORE DELETE ON `sites`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;

-- Nothing of a tenant that is away, or on its way, is written here: three triggers for each table with a tenant.
CREATE TRIGGER `ledgers_insert_at_home` BEFORE INSERT ON `ledgers`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `ledgers_update_at_home` BEFORE UPDATE ON `ledgers`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `ledgers_delete_at_home` BEFORE DELETE ON `ledgers`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `ledger_entries_insert_at_home` BEFORE INSERT ON `ledger_entries`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `ledger_entries_update_at_home` BEFORE UPDATE ON `ledger_entries`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `ledger_entries_delete_at_home` BEFORE DELETE ON `ledger_entries`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `lots_insert_at_home` BEFORE INSERT ON `lots`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `lots_update_at_home` BEFORE UPDATE ON `lots`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `lots_delete_at_home` BEFORE DELETE ON `lots`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `lot_usages_insert_at_home` BEFORE INSERT ON `lot_usages`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `lot_usages_update_at_home` BEFORE UPDATE ON `lot_usages`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `lot_usages_delete_at_home` BEFORE DELETE ON `lot_usages`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `exchanges_insert_at_home` BEFORE INSERT ON `exchanges`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `exchanges_update_at_home` BEFORE UPDATE ON `exchanges`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `exchanges_delete_at_home` BEFORE DELETE ON `exchanges`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `coupons_insert_at_home` BEFORE INSERT ON `coupons`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `coupons_update_at_home` BEFORE UPDATE ON `coupons`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `coupons_delete_at_home` BEFORE DELETE ON `coupons`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `coupon_uses_insert_at_home` BEFORE INSERT ON `coupon_uses`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `coupon_uses_update_at_home` BEFORE UPDATE ON `coupon_uses`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `coupon_uses_delete_at_home` BEFORE DELETE ON `coupon_uses`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `redeem_options_insert_at_home` BEFORE INSERT ON `redeem_options`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `redeem_options_update_at_home` BEFORE UPDATE ON `redeem_options`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `redeem_options_delete_at_home` BEFORE DELETE ON `redeem_options`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `site_mixins_insert_at_home` BEFORE INSERT ON `site_mixins`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `site_mixins_update_at_home` BEFORE UPDATE ON `site_mixins`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `site_mixins_delete_at_home` BEFORE DELETE ON `site_mixins`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `idempotency_records_insert_at_home` BEFORE INSERT ON `idempotency_records`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `idempotency_records_update_at_home` BEFORE UPDATE ON `idempotency_records`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `idempotency_records_delete_at_home` BEFORE DELETE ON `idempotency_records`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `order_events_insert_at_home` BEFORE INSERT ON `order_events`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `order_events_update_at_home` BEFORE UPDATE ON `order_events`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `order_events_delete_at_home` BEFORE DELETE ON `order_events`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `erased_totals_insert_at_home` BEFORE INSERT ON `erased_totals`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `erased_totals_update_at_home` BEFORE UPDATE ON `erased_totals`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `erased_totals_delete_at_home` BEFORE DELETE ON `erased_totals`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `ledger_findings_insert_at_home` BEFORE INSERT ON `ledger_findings`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `ledger_findings_update_at_home` BEFORE UPDATE ON `ledger_findings`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = NEW.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
--> statement-breakpoint
CREATE TRIGGER `ledger_findings_delete_at_home` BEFORE DELETE ON `ledger_findings`
WHEN EXISTS (SELECT 1 FROM `tenants_away` a WHERE a.`tenant` = OLD.`tenant` AND a.`is_open` = 0)
BEGIN
	SELECT RAISE(ABORT, 'tenant_away');
END;
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

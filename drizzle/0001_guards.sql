-- What no writer may do, whoever it is: edit the journal, skip an entry, take more than a lot has, leave a state out.
CREATE TRIGGER `ledger_entries_are_append_only` BEFORE UPDATE ON `ledger_entries`
BEGIN
	SELECT RAISE(ABORT, 'ledger entries are never edited');
END;
--> statement-breakpoint
CREATE TRIGGER `coupons_used_are_not_given_back` BEFORE UPDATE OF `given_back_at` ON `coupons`
WHEN NEW.given_back_at IS NOT NULL AND NEW.redemption_count > 0
BEGIN
	SELECT RAISE(ABORT, 'constraint failed: a used coupon cannot be given back');
END;
--> statement-breakpoint
CREATE TRIGGER `exchanges_follow_their_states` BEFORE UPDATE OF `state` ON `exchanges`
WHEN NOT (
	(OLD.state = 'PENDING' AND NEW.state IN ('ISSUED', 'REFUSED'))
	OR (OLD.state = 'ISSUED' AND NEW.state = 'VOIDING')
	OR (OLD.state = 'VOIDING' AND NEW.state IN ('GIVEN_BACK', 'ISSUED'))
)
BEGIN
	SELECT RAISE(ABORT, 'constraint failed: the exchange is in another state');
END;
--> statement-breakpoint
CREATE TRIGGER `ledger_entries_follow_one_another` BEFORE INSERT ON `ledger_entries`
WHEN NEW.`previous_seal` IS NOT iif(NEW.`sequence` = 1, '', (
	SELECT e.`seal` FROM `ledger_entries` e
	WHERE e.`tenant` = NEW.`tenant` AND e.`customer_id` = NEW.`customer_id` AND e.`sequence` = NEW.`sequence` - 1
))
BEGIN
	SELECT RAISE(ABORT, 'constraint failed: the entry does not follow the last one');
END;
--> statement-breakpoint
CREATE TRIGGER `lot_usages_name_their_lot` BEFORE INSERT ON `lot_usages`
WHEN NOT EXISTS (
	SELECT 1 FROM `lots` l
	WHERE l.`tenant` = NEW.`tenant` AND l.`customer_id` = NEW.`customer_id` AND l.`lot_id` = NEW.`lot_id`
)
BEGIN
	SELECT RAISE(ABORT, 'constraint failed: there is no such lot');
END;
--> statement-breakpoint
CREATE TRIGGER `lots_give_no_more_than_they_have` BEFORE UPDATE ON `lots`
WHEN NEW.`expired_points` < 0 OR NEW.`used_points` + NEW.`expired_points` > NEW.`points`
BEGIN
	SELECT RAISE(ABORT, 'constraint failed: the lot has not that many points left');
END;

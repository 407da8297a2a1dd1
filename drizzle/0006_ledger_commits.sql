-- A commit of a ledger is one statement: a row that is inserted into this view is carried out by the trigger. It has lists
-- of rows as JSON (null: no rows), one for each table, with the property names of schema.ts, and one head at most.
-- The view itself never has a row. A column that is added to a table is added here, too: a test compares the two.
CREATE VIEW `ledger_commits` AS
SELECT
	'' AS `tenant`, '' AS `customer_id`, '' AS `follows`, '' AS `terms`, '' AS `from_states`, '' AS `entries`,
	'' AS `openings`, '' AS `heads`, '' AS `lots`, '' AS `usages`, '' AS `lapses`, '' AS `coupons`,
	'' AS `given_back_coupons`, '' AS `exchanges`, '' AS `steps`, '' AS `forgotten`, '' AS `records`
WHERE false;
--> statement-breakpoint
CREATE TRIGGER `ledger_commits_are_carried_out` INSTEAD OF INSERT ON `ledger_commits`
BEGIN
	-- SQLite makes the text of an element anew for each mention of it, unless a subquery that it may not dissolve (an OFFSET
	-- keeps it from that) has made it once: so here, and below.
	--
	-- Entries come first, so that a writer who has missed one is refused: by the primary key, or by the link to the one
	-- before. A commit without an entry names the head that it follows (null: it need not).
	INSERT INTO `ledger_entries` (
		`tenant`, `customer_id`, `sequence`, `kind`, `entry_id`, `command_id`, `actor`, `recorded_at`, `points`,
		`balance_after`, `created_at`, `valid_until`, `reference_id`, `description`, `redeem_option_id`,
		`coupon_code`, `fingerprint`, `related_id`, `order_value`, `return_id`,
		`requested_points`, `lapsed_points`, `owed_change`, `absorbed_change`, `coupon_issuer`, `previous_hash`,
		`hash`
	)
	SELECT
		NEW.`tenant`, NEW.`customer_id`, value ->> 'sequence', value ->> 'kind', value ->> 'entryId',
		value ->> 'commandId', value ->> 'actor', value ->> 'recordedAt', value ->> 'points',
		value ->> 'balanceAfter', value ->> 'createdAt', value ->> 'validUntil', value ->> 'referenceId',
		value ->> 'description', value ->> 'redeemOptionId', value ->> 'couponCode', value ->> 'fingerprint',
		value ->> 'relatedId', value ->> 'orderValue', value ->> 'returnId',
		value ->> 'requestedPoints', value ->> 'lapsedPoints', value ->> 'owedChange', value ->> 'absorbedChange',
		value ->> 'couponIssuer', value ->> 'previousHash', value ->> 'hash'
	FROM (SELECT value FROM json_each(NEW.`entries`) LIMIT -1 OFFSET 0);

	SELECT RAISE(ABORT, 'constraint failed: the ledger has moved on')
	WHERE NEW.`follows` IS NOT NULL AND NEW.`follows` <> coalesce((
		SELECT `hash` FROM `ledgers` WHERE `tenant` = NEW.`tenant` AND `customer_id` = NEW.`customer_id`
	), '');

	-- The option that an exchange was priced by is the one that there is: its version alone does not tell, because a
	-- deleted option can be created again.
	SELECT RAISE(ABORT, 'constraint failed: the option has changed')
	FROM json_each(NEW.`terms`) term
	LEFT JOIN `redeem_options` o ON o.`tenant` = NEW.`tenant` AND o.`id` = term.value ->> 'id'
	WHERE o.`version` IS NOT term.value ->> 'version' OR o.`created_at` IS NOT term.value ->> 'createdAt';

	SELECT RAISE(ABORT, 'constraint failed: the exchange has gone another way')
	FROM json_each(NEW.`from_states`) step
	LEFT JOIN `exchanges` e ON e.`tenant` = NEW.`tenant` AND e.`customer_id` = NEW.`customer_id`
		AND e.`exchange_id` = step.value ->> 'id'
	WHERE e.`state` IS NOT step.value ->> 'from';

	INSERT INTO `ledgers` (
		`tenant`, `customer_id`, `opened_at`, `opened_by`, `owed`, `absorbed`, `sequence`, `hash`, `points`
	)
	SELECT
		NEW.`tenant`, NEW.`customer_id`, value ->> 'openedAt', value ->> 'openedBy', value ->> 'owed',
		value ->> 'absorbed', value ->> 'sequence', value ->> 'hash', value ->> 'points'
	FROM (SELECT value FROM json_each(NEW.`openings`) LIMIT -1 OFFSET 0);

	UPDATE `ledgers`
	SET `sequence` = NEW.`heads` ->> '$[0].sequence', `hash` = NEW.`heads` ->> '$[0].hash',
		`points` = NEW.`heads` ->> '$[0].points', `owed` = NEW.`heads` ->> '$[0].owed',
		`absorbed` = NEW.`heads` ->> '$[0].absorbed'
	WHERE NEW.`heads` IS NOT NULL AND `tenant` = NEW.`tenant` AND `customer_id` = NEW.`customer_id`;

	INSERT INTO `lots` (
		`tenant`, `customer_id`, `lot_id`, `points`, `used_points`, `created_at`, `valid_until`, `lapsed_points`
	)
	SELECT
		NEW.`tenant`, NEW.`customer_id`, value ->> 'lotId', value ->> 'points', value ->> 'usedPoints',
		value ->> 'createdAt', value ->> 'validUntil', value ->> 'lapsedPoints'
	FROM (SELECT value FROM json_each(NEW.`lots`) LIMIT -1 OFFSET 0);

	-- A lot may be used by several redemptions of one commit: their points are summed up before they are added. Here and
	-- below, the grouping also makes SQLite go from the list to the rows by their key, instead of through all rows of the
	-- customer.
	UPDATE `lots` SET `used_points` = `used_points` + used.`points`
	FROM (
		SELECT value ->> 'lotId' AS `lot_id`, sum(value ->> 'points') AS `points`
		FROM json_each(NEW.`usages`) GROUP BY value ->> 'lotId'
	) used
	WHERE `lots`.`tenant` = NEW.`tenant` AND `lots`.`customer_id` = NEW.`customer_id`
		AND `lots`.`lot_id` = used.`lot_id`;

	INSERT INTO `lot_usages` (
		`tenant`, `customer_id`, `lot_id`, `redemption_id`, `sequence`, `points`
	)
	SELECT
		NEW.`tenant`, NEW.`customer_id`, value ->> 'lotId', value ->> 'redemptionId', value ->> 'sequence',
		value ->> 'points'
	FROM (SELECT value FROM json_each(NEW.`usages`) LIMIT -1 OFFSET 0);

	UPDATE `lots` SET `lapsed_points` = lapse.`points`
	FROM (
		SELECT value ->> 'lotId' AS `lot_id`, max(value ->> 'points') AS `points`
		FROM json_each(NEW.`lapses`) GROUP BY value ->> 'lotId'
	) lapse
	WHERE `lots`.`tenant` = NEW.`tenant` AND `lots`.`customer_id` = NEW.`customer_id`
		AND `lots`.`lot_id` = lapse.`lot_id`;

	INSERT INTO `coupons` (
		`tenant`, `canonical_code`, `code`, `definition`, `issued_to`, `issued_at`, `redemption_id`,
		`redeem_option_id`, `redemption_count`, `deleted_at`, `given_back_at`
	)
	SELECT
		NEW.`tenant`, value ->> 'canonicalCode', value ->> 'code', value ->> 'definition', value ->> 'issuedTo',
		value ->> 'issuedAt', value ->> 'redemptionId', value ->> 'redeemOptionId', value ->> 'redemptionCount',
		value ->> 'deletedAt', value ->> 'givenBackAt'
	FROM (SELECT value FROM json_each(NEW.`coupons`) LIMIT -1 OFFSET 0);

	-- Triggers of these tables refuse the whole commit when a coupon has been used, or an exchange cannot go that way.
	UPDATE `coupons` SET `given_back_at` = given.`at`, `deleted_at` = given.`at`
	FROM (
		SELECT value ->> 'canonicalCode' AS `canonical_code`, max(value ->> 'at') AS `at`
		FROM json_each(NEW.`given_back_coupons`) GROUP BY value ->> 'canonicalCode'
	) given
	WHERE `coupons`.`tenant` = NEW.`tenant` AND `coupons`.`canonical_code` = given.`canonical_code`
		AND +`coupons`.`issued_to` = NEW.`customer_id`;

	INSERT INTO `exchanges` (
		`tenant`, `customer_id`, `exchange_id`, `coupon_code`, `canonical_code`, `redeem_option_id`, `definition`,
		`state`, `reason`, `created_at`, `updated_at`
	)
	SELECT
		NEW.`tenant`, NEW.`customer_id`, value ->> 'exchangeId', value ->> 'couponCode',
		value ->> 'canonicalCode', value ->> 'redeemOptionId', value ->> 'definition', value ->> 'state',
		value ->> 'reason', value ->> 'createdAt', value ->> 'updatedAt'
	FROM (SELECT value FROM json_each(NEW.`exchanges`) LIMIT -1 OFFSET 0);

	UPDATE `exchanges` SET `state` = step.`to`, `reason` = step.`reason`, `updated_at` = step.`at`
	FROM (
		SELECT value ->> 'id' AS `id`, max(value ->> 'to') AS `to`, max(value ->> 'reason') AS `reason`,
			max(value ->> 'at') AS `at`
		FROM json_each(NEW.`steps`) GROUP BY value ->> 'id'
	) step
	WHERE `exchanges`.`tenant` = NEW.`tenant` AND `exchanges`.`customer_id` = NEW.`customer_id`
		AND `exchanges`.`exchange_id` = step.`id`;

	DELETE FROM `exchanges`
	WHERE `tenant` = NEW.`tenant` AND `customer_id` = NEW.`customer_id`
		AND `exchange_id` IN (SELECT value ->> 'id' FROM json_each(NEW.`forgotten`));

	INSERT INTO `idempotency_records` (
		`tenant`, `caller`, `operation`, `idempotency_key`, `fingerprint`, `answer`, `created_at`, `customer_id`
	)
	SELECT
		NEW.`tenant`, value ->> 'caller', value ->> 'operation', value ->> 'idempotencyKey',
		value ->> 'fingerprint', value ->> 'answer', value ->> 'createdAt', NEW.`customer_id`
	FROM (SELECT value FROM json_each(NEW.`records`) LIMIT -1 OFFSET 0);
END;
--> statement-breakpoint
-- The same for commits of nothing but redemptions, and below of nothing but grants, which most commits are: SQLite
-- compiles a trigger with every statement that fires it, and these are half as long. A test compares them.
CREATE VIEW `ledger_redemptions` AS
SELECT
	'' AS `tenant`, '' AS `customer_id`, '' AS `terms`, '' AS `entries`, '' AS `heads`, '' AS `usages`, '' AS `coupons`,
	'' AS `records`
WHERE false;
--> statement-breakpoint
CREATE TRIGGER `ledger_redemptions_are_carried_out` INSTEAD OF INSERT ON `ledger_redemptions`
BEGIN
	-- Only the columns that a redemption has.
	INSERT INTO `ledger_entries` (
		`tenant`, `customer_id`, `sequence`, `kind`, `entry_id`, `command_id`, `actor`, `recorded_at`, `points`,
		`balance_after`, `created_at`, `description`, `redeem_option_id`, `coupon_code`, `fingerprint`,
		`coupon_issuer`, `previous_hash`, `hash`
	)
	SELECT
		NEW.`tenant`, NEW.`customer_id`, value ->> 'sequence', value ->> 'kind', value ->> 'entryId',
		value ->> 'commandId', value ->> 'actor', value ->> 'recordedAt', value ->> 'points',
		value ->> 'balanceAfter', value ->> 'createdAt', value ->> 'description', value ->> 'redeemOptionId',
		value ->> 'couponCode', value ->> 'fingerprint', value ->> 'couponIssuer', value ->> 'previousHash',
		value ->> 'hash'
	FROM (SELECT value FROM json_each(NEW.`entries`) LIMIT -1 OFFSET 0);

	SELECT RAISE(ABORT, 'constraint failed: the option has changed')
	FROM json_each(NEW.`terms`) term
	LEFT JOIN `redeem_options` o ON o.`tenant` = NEW.`tenant` AND o.`id` = term.value ->> 'id'
	WHERE o.`version` IS NOT term.value ->> 'version' OR o.`created_at` IS NOT term.value ->> 'createdAt';

	UPDATE `ledgers`
	SET `sequence` = NEW.`heads` ->> '$[0].sequence', `hash` = NEW.`heads` ->> '$[0].hash',
		`points` = NEW.`heads` ->> '$[0].points', `owed` = NEW.`heads` ->> '$[0].owed',
		`absorbed` = NEW.`heads` ->> '$[0].absorbed'
	WHERE NEW.`heads` IS NOT NULL AND `tenant` = NEW.`tenant` AND `customer_id` = NEW.`customer_id`;

	UPDATE `lots` SET `used_points` = `used_points` + used.`points`
	FROM (
		SELECT value ->> 'lotId' AS `lot_id`, sum(value ->> 'points') AS `points`
		FROM json_each(NEW.`usages`) GROUP BY value ->> 'lotId'
	) used
	WHERE `lots`.`tenant` = NEW.`tenant` AND `lots`.`customer_id` = NEW.`customer_id`
		AND `lots`.`lot_id` = used.`lot_id`;

	INSERT INTO `lot_usages` (
		`tenant`, `customer_id`, `lot_id`, `redemption_id`, `sequence`, `points`
	)
	SELECT
		NEW.`tenant`, NEW.`customer_id`, value ->> 'lotId', value ->> 'redemptionId', value ->> 'sequence',
		value ->> 'points'
	FROM (SELECT value FROM json_each(NEW.`usages`) LIMIT -1 OFFSET 0);

	INSERT INTO `coupons` (
		`tenant`, `canonical_code`, `code`, `definition`, `issued_to`, `issued_at`, `redemption_id`,
		`redeem_option_id`, `redemption_count`, `deleted_at`, `given_back_at`
	)
	SELECT
		NEW.`tenant`, value ->> 'canonicalCode', value ->> 'code', value ->> 'definition', value ->> 'issuedTo',
		value ->> 'issuedAt', value ->> 'redemptionId', value ->> 'redeemOptionId', value ->> 'redemptionCount',
		value ->> 'deletedAt', value ->> 'givenBackAt'
	FROM (SELECT value FROM json_each(NEW.`coupons`) LIMIT -1 OFFSET 0);

	INSERT INTO `idempotency_records` (
		`tenant`, `caller`, `operation`, `idempotency_key`, `fingerprint`, `answer`, `created_at`, `customer_id`
	)
	SELECT
		NEW.`tenant`, value ->> 'caller', value ->> 'operation', value ->> 'idempotencyKey',
		value ->> 'fingerprint', value ->> 'answer', value ->> 'createdAt', NEW.`customer_id`
	FROM (SELECT value FROM json_each(NEW.`records`) LIMIT -1 OFFSET 0);
END;
--> statement-breakpoint
CREATE VIEW `ledger_grants` AS
SELECT
	'' AS `tenant`, '' AS `customer_id`, '' AS `entries`, '' AS `openings`, '' AS `heads`, '' AS `lots`, '' AS `records`
WHERE false;
--> statement-breakpoint
CREATE TRIGGER `ledger_grants_are_carried_out` INSTEAD OF INSERT ON `ledger_grants`
BEGIN
	-- Only the columns that an opening or a grant has.
	INSERT INTO `ledger_entries` (
		`tenant`, `customer_id`, `sequence`, `kind`, `entry_id`, `command_id`, `actor`, `recorded_at`, `points`,
		`balance_after`, `created_at`, `valid_until`, `reference_id`, `description`, `fingerprint`, `order_value`,
		`previous_hash`, `hash`
	)
	SELECT
		NEW.`tenant`, NEW.`customer_id`, value ->> 'sequence', value ->> 'kind', value ->> 'entryId',
		value ->> 'commandId', value ->> 'actor', value ->> 'recordedAt', value ->> 'points',
		value ->> 'balanceAfter', value ->> 'createdAt', value ->> 'validUntil', value ->> 'referenceId',
		value ->> 'description', value ->> 'fingerprint', value ->> 'orderValue', value ->> 'previousHash',
		value ->> 'hash'
	FROM (SELECT value FROM json_each(NEW.`entries`) LIMIT -1 OFFSET 0);

	INSERT INTO `ledgers` (
		`tenant`, `customer_id`, `opened_at`, `opened_by`, `owed`, `absorbed`, `sequence`, `hash`, `points`
	)
	SELECT
		NEW.`tenant`, NEW.`customer_id`, value ->> 'openedAt', value ->> 'openedBy', value ->> 'owed',
		value ->> 'absorbed', value ->> 'sequence', value ->> 'hash', value ->> 'points'
	FROM (SELECT value FROM json_each(NEW.`openings`) LIMIT -1 OFFSET 0);

	UPDATE `ledgers`
	SET `sequence` = NEW.`heads` ->> '$[0].sequence', `hash` = NEW.`heads` ->> '$[0].hash',
		`points` = NEW.`heads` ->> '$[0].points', `owed` = NEW.`heads` ->> '$[0].owed',
		`absorbed` = NEW.`heads` ->> '$[0].absorbed'
	WHERE NEW.`heads` IS NOT NULL AND `tenant` = NEW.`tenant` AND `customer_id` = NEW.`customer_id`;

	INSERT INTO `lots` (
		`tenant`, `customer_id`, `lot_id`, `points`, `used_points`, `created_at`, `valid_until`, `lapsed_points`
	)
	SELECT
		NEW.`tenant`, NEW.`customer_id`, value ->> 'lotId', value ->> 'points', value ->> 'usedPoints',
		value ->> 'createdAt', value ->> 'validUntil', value ->> 'lapsedPoints'
	FROM (SELECT value FROM json_each(NEW.`lots`) LIMIT -1 OFFSET 0);

	INSERT INTO `idempotency_records` (
		`tenant`, `caller`, `operation`, `idempotency_key`, `fingerprint`, `answer`, `created_at`, `customer_id`
	)
	SELECT
		NEW.`tenant`, value ->> 'caller', value ->> 'operation', value ->> 'idempotencyKey',
		value ->> 'fingerprint', value ->> 'answer', value ->> 'createdAt', NEW.`customer_id`
	FROM (SELECT value FROM json_each(NEW.`records`) LIMIT -1 OFFSET 0);
END;

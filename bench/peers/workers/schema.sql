-- The tables and indexes of the service's own database that an exchange touches. That lots give no more than they have is
-- ensured by spend-no-more.sql, for the Workers that keep to it.
CREATE TABLE redeem_options (
	tenant text NOT NULL,
	id text NOT NULL,
	points integer NOT NULL,
	coupon text NOT NULL,
	PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE lots (
	tenant text NOT NULL,
	customer_id text NOT NULL,
	lot_id text NOT NULL,
	points integer NOT NULL,
	used_points integer NOT NULL,
	created_at integer NOT NULL,
	valid_until integer,
	PRIMARY KEY (tenant, customer_id, lot_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX lots_left ON lots (tenant, customer_id, valid_until) WHERE points > used_points;
CREATE INDEX lots_to_expire ON lots (valid_until) WHERE valid_until IS NOT NULL AND points > used_points;

CREATE TABLE ledger_entries (
	tenant text NOT NULL,
	customer_id text NOT NULL,
	entry_id text NOT NULL,
	kind text NOT NULL,
	points integer NOT NULL CHECK (points >= 0),
	redeem_option_id text,
	coupon_code text,
	created_at integer NOT NULL,
	PRIMARY KEY (tenant, customer_id, entry_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE lot_usages (
	tenant text NOT NULL,
	customer_id text NOT NULL,
	redemption_id text NOT NULL,
	lot_id text NOT NULL,
	points integer NOT NULL CHECK (points > 0),
	PRIMARY KEY (tenant, customer_id, redemption_id, lot_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE coupons (
	tenant text NOT NULL,
	code text NOT NULL,
	definition text NOT NULL,
	issued_to text NOT NULL,
	issued_at integer NOT NULL,
	redemption_id text NOT NULL,
	redeem_option_id text NOT NULL,
	redemption_count integer NOT NULL,
	PRIMARY KEY (tenant, code)
) STRICT, WITHOUT ROWID;

CREATE INDEX coupons_by_time ON coupons (tenant, issued_at);
CREATE INDEX coupons_by_customer ON coupons (tenant, issued_to, issued_at);

CREATE TABLE idempotency_records (
	tenant text NOT NULL,
	caller text NOT NULL,
	operation text NOT NULL,
	idempotency_key text NOT NULL,
	fingerprint text NOT NULL,
	answer text NOT NULL,
	redemption_id text NOT NULL,
	created_at integer NOT NULL,
	PRIMARY KEY (tenant, caller, operation, idempotency_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_records_by_time ON idempotency_records (created_at);

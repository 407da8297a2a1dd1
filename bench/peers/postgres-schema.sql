-- As a good engineer would lay it out for PostgreSQL, with the indexes that the service's own tables have. The journal
-- entries have no chain of hashes, which the service's have.

create table redeem_options (
  tenant text not null,
  id text not null,
  points bigint not null check (points > 0),
  coupon text not null,
  primary key (tenant, id)
);

-- Its row is what an exchange locks.
create table customers (
  tenant text not null,
  id text not null,
  created_at timestamptz not null default now(),
  primary key (tenant, id)
);

-- is_open changes once in a lot's life, so that taking some of its points leaves every index alone (a HOT update),
-- and free room in the pages is kept for that.
create table lots (
  tenant text not null,
  customer_id text not null,
  lot_id uuid not null,
  points bigint not null,
  used_points bigint not null default 0 check (used_points between 0 and points),
  created_at timestamptz not null default now(),
  valid_until timestamptz,
  is_open boolean not null generated always as (used_points < points) stored,
  primary key (tenant, customer_id, lot_id)
) with (fillfactor = 70);
create index lots_left on lots (tenant, customer_id, valid_until) where is_open;
create index lots_to_expire on lots (valid_until) where is_open and valid_until is not null;

create table ledger_entries (
  tenant text not null,
  customer_id text not null,
  entry_id uuid not null,
  kind text not null,
  points bigint not null,
  redeem_option_id text,
  coupon_code text,
  created_at timestamptz not null default now(),
  primary key (tenant, customer_id, entry_id)
);

create table lot_usages (
  tenant text not null,
  customer_id text not null,
  redemption_id uuid not null,
  lot_id uuid not null,
  points bigint not null check (points > 0),
  primary key (tenant, customer_id, redemption_id, lot_id)
);

create table coupons (
  tenant text not null,
  code text not null,
  definition text not null,
  issued_to text not null,
  issued_at timestamptz not null default now(),
  redemption_id uuid not null,
  redeem_option_id text not null,
  redemption_count integer not null default 0,
  primary key (tenant, code)
);
create index coupons_by_time on coupons (tenant, issued_at);
create index coupons_by_customer on coupons (tenant, issued_to, issued_at);

create table idempotency_records (
  tenant text not null,
  caller text not null,
  operation text not null,
  idempotency_key text not null,
  fingerprint text not null,
  answer text not null,
  redemption_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (tenant, caller, operation, idempotency_key)
);
create index idempotency_records_by_time on idempotency_records (created_at);

-- The lots that give `price` points, soonest to expire first, and what each of them gives; none when that many are
-- not there.
create function lots_for(for_tenant text, for_customer text, price bigint)
returns table (lot_id uuid, points bigint)
language sql stable as $$
  select l.lot_id, least(l.points_left, price - l.points_before)
  from (
    select
      o.lot_id,
      o.points - o.used_points as points_left,
      sum(o.points - o.used_points) over consumption - (o.points - o.used_points) as points_before,
      sum(o.points - o.used_points) over () as points_in_all
    from lots o
    where o.tenant = for_tenant and o.customer_id = for_customer
      and o.is_open and (o.valid_until is null or o.valid_until > now())
    window consumption as (
      order by o.valid_until nulls last, o.created_at, o.lot_id rows between unbounded preceding and current row
    )
  ) l
  where l.points_in_all >= price and l.points_before < price
$$;

-- An exchange as a whole. Called in a transaction of its own (read committed): what comes after the lock sees all that
-- was committed before it was taken.
create function redeem(
  for_tenant text, for_customer text, for_key text, with_fingerprint text, option_id text, new_code text, new_id uuid
) returns table (outcome text, code text)
language plpgsql as $$
declare
  earlier record;
  bought record;
  taken bigint;
begin
  perform 1 from customers c where c.tenant = for_tenant and c.id = for_customer for update;
  if not found then
    return query values ('insufficient_points', null::text);
    return;
  end if;

  select r.fingerprint, r.answer into earlier from idempotency_records r
  where r.tenant = for_tenant and r.caller = for_customer and r.operation = 'redeem' and r.idempotency_key = for_key;
  if found then
    if earlier.fingerprint = with_fingerprint then
      return query values ('replayed', earlier.answer);
    else
      return query values ('idempotency_key_reused', null::text);
    end if;
    return;
  end if;

  select o.points, o.coupon into bought from redeem_options o where o.tenant = for_tenant and o.id = option_id;
  if not found then
    return query values ('redeem_option_not_found', null::text);
    return;
  end if;

  with used as (
    insert into lot_usages (tenant, customer_id, redemption_id, lot_id, points)
    select for_tenant, for_customer, new_id, l.lot_id, l.points from lots_for(for_tenant, for_customer, bought.points) l
    returning lot_usages.lot_id, lot_usages.points
  ), drawn as (
    update lots l set used_points = l.used_points + u.points from used u
    where l.tenant = for_tenant and l.customer_id = for_customer and l.lot_id = u.lot_id
    returning u.points
  )
  select sum(d.points) into taken from drawn d;
  if taken is null then
    return query values ('insufficient_points', null::text);
    return;
  end if;

  insert into ledger_entries (tenant, customer_id, entry_id, kind, points, redeem_option_id, coupon_code)
  values (for_tenant, for_customer, new_id, 'redeemed', bought.points, option_id, new_code);
  insert into coupons (tenant, code, definition, issued_to, redemption_id, redeem_option_id)
  values (for_tenant, new_code, bought.coupon, for_customer, new_id, option_id);
  insert into idempotency_records
    (tenant, caller, operation, idempotency_key, fingerprint, answer, redemption_id)
  values (for_tenant, for_customer, 'redeem', for_key, with_fingerprint, new_code, new_id);
  return query values ('exchanged', new_code);
end
$$;

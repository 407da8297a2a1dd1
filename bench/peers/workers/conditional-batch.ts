import { uuidv7 } from "uuidv7";
import { type ExchangeOutcome, newCouponCode, operationName } from "../exchange.ts";
import { answerAgain, type EarlierExchange, type ExchangeRequest, peerApp } from "./peer-app.ts";

// One batch, which is one transaction: its first statement takes points from the lots if they suffice, and every other
// one does something only if that has. Nothing is read before.

/**
 * What each lot gives, in the order in which lots are consumed: no row when the customer has not enough points, the
 * option is not there, or the key has been used.
 */
const useLotsSql = `
  insert into lot_usages (tenant, customer_id, redemption_id, lot_id, points)
  select ?1, ?2, ?3, lot_id, min(points_left, price - points_before)
  from (
    select
      l.lot_id,
      l.points - l.used_points as points_left,
      sum(l.points - l.used_points) over (
        order by l.valid_until nulls last, l.created_at, l.lot_id rows between unbounded preceding and current row
      ) - (l.points - l.used_points) as points_before,
      sum(l.points - l.used_points) over () as points_in_all,
      o.points as price
    from lots l join redeem_options o on o.tenant = ?1 and o.id = ?4
    where l.tenant = ?1 and l.customer_id = ?2 and l.points > l.used_points
      and (l.valid_until is null or l.valid_until > ?5)
      and not exists (
        select 1 from idempotency_records
        where tenant = ?1 and caller = ?2 and operation = '${operationName}' and idempotency_key = ?6
      )
  )
  where points_in_all >= price and points_before < price`;

/** Whether the first statement has taken points. */
const hasTaken = "exists (select 1 from lot_usages where tenant = ?1 and customer_id = ?2 and redemption_id = ?3)";

const drawFromLotsSql = `
  update lots set used_points = used_points + u.points from lot_usages u
  where u.tenant = ?1 and u.customer_id = ?2 and u.redemption_id = ?3
    and lots.tenant = ?1 and lots.customer_id = ?2 and lots.lot_id = u.lot_id`;

const writeEntrySql = `
  insert into ledger_entries (tenant, customer_id, entry_id, kind, points, redeem_option_id, coupon_code, created_at)
  select ?1, ?2, ?3, 'redeemed', o.points, o.id, ?5, ?6 from redeem_options o
  where o.tenant = ?1 and o.id = ?4 and ${hasTaken}`;

const issueCouponSql = `
  insert into coupons
    (tenant, code, definition, issued_to, issued_at, redemption_id, redeem_option_id, redemption_count)
  select ?1, ?5, o.coupon, ?2, ?6, ?3, o.id, 0 from redeem_options o
  where o.tenant = ?1 and o.id = ?4 and ${hasTaken}`;

const rememberSql = `
  insert into idempotency_records
    (tenant, caller, operation, idempotency_key, fingerprint, answer, redemption_id, created_at)
  select ?1, ?2, '${operationName}', ?4, ?5, ?6, ?3, ?7 where ${hasTaken}`;

/** What has become of it: the key's record, this exchange's or an earlier one's, and whether the option exists. */
const outcomeSql = `
  select exists (select 1 from redeem_options where tenant = ?1 and id = ?4) as has_option,
    r.fingerprint, r.answer, r.redemption_id
  from (select 1) left join idempotency_records r
    on r.tenant = ?1 and r.caller = ?2 and r.operation = '${operationName}' and r.idempotency_key = ?3`;

type OutcomeRow = { readonly has_option: number } & (
  | (EarlierExchange & { readonly redemption_id: string })
  | { readonly redemption_id: null }
);

async function redeem(database: D1Database, exchange: ExchangeRequest): Promise<ExchangeOutcome> {
  const { tenant, customerId, key, fingerprint, optionId } = exchange;
  const now = Date.now();
  const id = uuidv7();
  const code = newCouponCode();
  const write = (sql: string, ...values: readonly (string | number)[]) =>
    database.prepare(sql).bind(tenant, customerId, id, ...values);
  const results = await database.batch<OutcomeRow>([
    write(useLotsSql, optionId, now, key),
    write(drawFromLotsSql),
    write(writeEntrySql, optionId, code, now),
    write(issueCouponSql, optionId, code, now),
    write(rememberSql, key, fingerprint, code, now),
    database.prepare(outcomeSql).bind(tenant, customerId, key, optionId),
  ]);
  const row = results.at(-1)?.results[0];
  if (row === undefined) throw new Error("The batch has told nothing.");
  if (row.redemption_id === id) return { kind: "exchanged", code, replayed: false };
  if (row.redemption_id !== null) return answerAgain(row, exchange);
  return { kind: row.has_option === 1 ? "insufficient_points" : "redeem_option_not_found" };
}

export default peerApp(redeem);

import { uuidv7 } from "uuidv7";
import { type ExchangeOutcome, newCouponCode, operationName } from "../exchange.ts";
import { answerAgain, type EarlierExchange, type ExchangeRequest, peerApp } from "./peer-app.ts";

// Reads the customer's lots, looks whether they suffice, then writes. Nothing keeps two requests from reading the same.

interface Option {
  readonly points: number;
  readonly coupon: string;
}

interface LotLeft {
  readonly lot_id: string;
  readonly points_left: number;
}

interface Draw {
  readonly lotId: string;
  readonly points: number;
}

const recordSql = `select fingerprint, answer from idempotency_records
  where tenant = ?1 and caller = ?2 and operation = '${operationName}' and idempotency_key = ?3`;
const optionSql = "select points, coupon from redeem_options where tenant = ?1 and id = ?2";
const lotsSql = `select lot_id, points - used_points as points_left from lots
  where tenant = ?1 and customer_id = ?2 and points > used_points and (valid_until is null or valid_until > ?3)
  order by valid_until nulls last, created_at, lot_id`;

async function redeem(database: D1Database, exchange: ExchangeRequest): Promise<ExchangeOutcome> {
  const { tenant, customerId, key, optionId } = exchange;
  const earlier = () => database.prepare(recordSql).bind(tenant, customerId, key);
  const [records, options, lots] = await database.batch<unknown>([
    earlier(),
    database.prepare(optionSql).bind(tenant, optionId),
    database.prepare(lotsSql).bind(tenant, customerId, Date.now()),
  ]);
  const record = firstOf<EarlierExchange>(records);
  if (record !== null) return answerAgain(record, exchange);
  const option = firstOf<Option>(options);
  if (option === null) return { kind: "redeem_option_not_found" };
  const draws = drawsFrom((lots?.results ?? []) as LotLeft[], option.points);
  if (draws === null) return { kind: "insufficient_points" };
  const code = newCouponCode();
  try {
    await database.batch(writesOf(database, exchange, option, draws, code));
  } catch (error) {
    // The same request, sent twice at once: the other one has come first.
    const first = await earlier().first<EarlierExchange>();
    if (first === null) throw error;
    return answerAgain(first, exchange);
  }
  return { kind: "exchanged", code, replayed: false };
}

function firstOf<Row>(result: D1Result<unknown> | undefined): Row | null {
  return (result?.results[0] ?? null) as Row | null;
}

/** What each lot gives, in the order of `lots`; null when they have less than `price`. */
function drawsFrom(lots: readonly LotLeft[], price: number): readonly Draw[] | null {
  const draws: Draw[] = [];
  let missing = price;
  for (const lot of lots) {
    if (missing === 0) break;
    const points = Math.min(missing, lot.points_left);
    draws.push({ lotId: lot.lot_id, points });
    missing -= points;
  }
  return missing === 0 ? draws : null;
}

function writesOf(
  database: D1Database,
  { tenant, customerId, key, fingerprint, optionId }: ExchangeRequest,
  option: Option,
  draws: readonly Draw[],
  code: string,
): D1PreparedStatement[] {
  const now = Date.now();
  const id = uuidv7();
  const write = (sql: string, ...values: readonly (string | number)[]) => database.prepare(sql).bind(...values);
  return [
    write(
      `insert into idempotency_records
        (tenant, caller, operation, idempotency_key, fingerprint, answer, redemption_id, created_at)
        values (?1, ?2, '${operationName}', ?3, ?4, ?5, ?6, ?7)`,
      ...[tenant, customerId, key, fingerprint, code, id, now],
    ),
    write(
      `insert into ledger_entries
        (tenant, customer_id, entry_id, kind, points, redeem_option_id, coupon_code, created_at)
        values (?1, ?2, ?3, 'redeemed', ?4, ?5, ?6, ?7)`,
      ...[tenant, customerId, id, option.points, optionId, code, now],
    ),
    ...draws.flatMap(({ lotId, points }) => [
      write(
        "update lots set used_points = used_points + ?4 where tenant = ?1 and customer_id = ?2 and lot_id = ?3",
        ...[tenant, customerId, lotId, points],
      ),
      write("insert into lot_usages values (?1, ?2, ?3, ?4, ?5)", tenant, customerId, id, lotId, points),
    ]),
    write(
      `insert into coupons
        (tenant, code, definition, issued_to, issued_at, redemption_id, redeem_option_id, redemption_count)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)`,
      ...[tenant, code, option.coupon, customerId, now, id, optionId],
    ),
  ];
}

export default peerApp(redeem);

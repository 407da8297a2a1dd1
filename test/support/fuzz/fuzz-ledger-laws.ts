import { type Entry, makesLot, pointsChange } from "../../../src/ledger/rules/entry.ts";

interface Row {
  readonly customer_id: string;
}
interface EntryRow extends Row {
  readonly sequence: number;
  readonly kind: Entry["kind"];
  readonly entry_id: string | null;
  readonly points: number;
  readonly reference_id: string | null;
  readonly order_value: string | null;
  readonly coupon_code: string | null;
}
interface LotRow extends Row {
  readonly lot_id: string;
  readonly points: number;
  readonly used_points: number;
  readonly expired_points: number;
}
interface UsageRow extends Row {
  readonly lot_id: string;
  readonly sequence: number;
  readonly points: number;
}
interface LedgerRow extends Row {
  readonly sequence: number;
  readonly points: number;
}
interface CouponRow extends Row {
  readonly code: string;
  readonly exchange_id: string;
}

/** What breaks the laws of a tenant's ledgers, by their stored rows alone; null when all of them hold. */
export async function brokenLaw(database: D1Database, tenant: string): Promise<string | null> {
  const select = (columns: string, table: string) =>
    database.prepare(`select ${columns} from ${table} where tenant = ?`).bind(tenant);
  const [entries, lots, usages, ledgers, coupons] = await database.batch<Row>([
    select("*", "ledger_entries"),
    select("*", "lots"),
    select("*", "lot_usages"),
    select("*", "ledgers"),
    select("code, exchange_id, issued_to as customer_id", "coupons"),
  ]);
  const rowsOf = <Kind extends Row>(result: D1Result<Row> | undefined) => (result?.results ?? []) as unknown as Kind[];
  const stored = {
    entries: rowsOf<EntryRow>(entries).sort((left, right) => left.sequence - right.sequence),
    lots: rowsOf<LotRow>(lots),
    usages: rowsOf<UsageRow>(usages),
    coupons: rowsOf<CouponRow>(coupons),
  };
  const orders = stored.entries.flatMap(({ order_value, reference_id }) =>
    order_value === null ? [] : [reference_id],
  );
  if (new Set(orders).size < orders.length) return "an order has earned twice";
  const known = new Set(rowsOf<LedgerRow>(ledgers).map((ledger) => ledger.customer_id));
  if (stored.entries.some((entry) => !known.has(entry.customer_id))) return "there is an entry without a ledger";
  for (const ledger of rowsOf<LedgerRow>(ledgers)) {
    const of = <Kind extends Row>(rows: readonly Kind[]) =>
      rows.filter((row) => row.customer_id === ledger.customer_id);
    const fault = faultOfLedger(ledger, {
      entries: of(stored.entries),
      lots: of(stored.lots),
      usages: of(stored.usages),
      coupons: of(stored.coupons),
    });
    if (fault !== null) return `${JSON.stringify(ledger.customer_id)}: ${fault}`;
  }
  return null;
}

interface Stored {
  readonly entries: readonly EntryRow[];
  readonly lots: readonly LotRow[];
  readonly usages: readonly UsageRow[];
  readonly coupons: readonly CouponRow[];
}

const sumOf = <Item>(items: readonly Item[], number: (item: Item) => number): number =>
  items.reduce((total, item) => total + number(item), 0);

/** What lots have given for an entry; below zero what they have got. */
const drawnBy = (entry: Entry): number => (makesLot(entry) || entry.kind === "expired" ? 0 : 0 - pointsChange(entry));

function faultOfLedger(ledger: LedgerRow, { entries, lots, usages, coupons }: Stored): string | null {
  if (entries.some((entry, index) => entry.sequence !== index + 1)) return "the sequence has a gap";
  if (ledger.sequence !== entries.length) return "the ledger does not stand at its last entry";
  const points = sumOf(entries, (entry) => pointsChange(entry as unknown as Entry));
  const left = sumOf(lots, (lot) => lot.points - lot.used_points - lot.expired_points);
  if (points !== left) return `the entries come to ${points}, the lots to ${left}`;
  if (points !== ledger.points) return `the entries come to ${points}, the ledger says ${ledger.points}`;
  for (const lot of lots) {
    if (lot.used_points + lot.expired_points > lot.points) return "a lot has given more than it had";
    const used = sumOf(
      usages.filter((usage) => usage.lot_id === lot.lot_id),
      (usage) => usage.points,
    );
    if (used !== lot.used_points) return "a lot is not used as its usages say";
  }
  for (const entry of entries) {
    const drawn = sumOf(
      usages.filter((usage) => usage.sequence === entry.sequence),
      (usage) => usage.points,
    );
    if (drawn !== drawnBy(entry as unknown as Entry)) return "an entry is not what lots gave";
  }
  const sold = entries.filter((entry) => entry.coupon_code !== null && entry.kind === "redeemed");
  if (sold.length !== coupons.length) return "there is not one coupon for each redemption that sold one";
  const codes = new Map(coupons.map((coupon) => [coupon.exchange_id, coupon.code]));
  const isUnpaid = sold.some((entry) => codes.get(entry.entry_id ?? "") !== entry.coupon_code);
  return isUnpaid ? "a redemption has not its coupon" : null;
}

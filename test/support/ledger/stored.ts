import type { Entry } from "../../../src/ledger/rules/entry.ts";
import type { LedgerKey } from "../../../src/ledger/rules/ledger-key.ts";

interface EntryRow {
  readonly sequence: number;
  readonly kind: Entry["kind"];
  readonly entry_id: string | null;
  readonly command_id: string;
  readonly actor: string;
  readonly recorded_at: number;
  readonly points: number;
  readonly balance_after: number;
  readonly created_at: number;
  readonly valid_until: number | null;
  readonly coupon_code: string | null;
  readonly owed_change: number | null;
  readonly absorbed_change: number | null;
}

interface LotRow {
  readonly lot_id: string;
  readonly points: number;
  readonly used_points: number;
  readonly created_at: number;
  readonly valid_until: number | null;
}

interface UsageRow {
  readonly lot_id: string;
  readonly taken_by: string;
  readonly sequence: number;
  readonly points: number;
}

/** What D1 holds of a customer. */
export async function rowsOf(database: D1Database, key: LedgerKey) {
  const select = async <Row>(table: string, order: string): Promise<Row[]> => {
    const statement = `select * from ${table} where tenant = ? and customer_id = ? order by ${order}`;
    return (await database.prepare(statement).bind(key.tenant, key.customerId).all<Row>()).results;
  };
  const coupons = database.prepare("select code from coupons where tenant = ? and issued_to = ?");
  return {
    journal: await select<EntryRow>("ledger_entries", "sequence"),
    lots: await select<LotRow>("lots", "lot_id"),
    usages: await select<UsageRow>("lot_usages", "sequence"),
    ledgers: await select<{ opened_by: string; owed: number; absorbed: number }>("ledgers", "customer_id"),
    coupons: (await coupons.bind(key.tenant, key.customerId).all<{ code: string }>()).results,
  };
}

/** The journal as the rules know it, read independently of the code under test. */
export async function journalOf(database: D1Database, key: LedgerKey): Promise<Entry[]> {
  const { journal, lots, usages } = await rowsOf(database, key);
  return journal.map((row) => {
    const draws = usages
      .filter((usage) => usage.sequence === row.sequence)
      .map((usage) => {
        const lot = lots.find(({ lot_id }) => lot_id === usage.lot_id);
        const dates = { lotPoints: lot?.points, createdAt: lot?.created_at, validUntil: lot?.valid_until };
        return { lotId: usage.lot_id, points: Math.abs(usage.points), ...dates };
      });
    return {
      kind: row.kind,
      id: row.entry_id,
      sequence: row.sequence,
      recordedAt: row.recorded_at,
      points: row.points,
      createdAt: row.created_at,
      validUntil: row.valid_until,
      draws,
      ...(row.owed_change === null ? {} : { debt: { owed: row.owed_change, absorbed: row.absorbed_change } }),
    } as unknown as Entry;
  });
}

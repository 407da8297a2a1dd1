import type { LedgerKey } from "../../../src/ledger/rules/ledger-key.ts";
import { isActive } from "../../../src/ledger/rules/lot.ts";
import type { CustomerSummary, GrantedPoints, RedeemedPoints } from "../../../src/ledger/use-cases/summary.ts";
import type { Actor, EntryId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";

// A second way to a customer's summary, row by row and without SQL that computes anything: what the one that SQLite
// writes is compared with.

interface EntryRow {
  readonly sequence: number;
  readonly kind: string;
  readonly entry_id: EntryId;
  readonly points: number;
  readonly balance_after: number;
  readonly created_at: EpochMs;
  readonly valid_until: EpochMs | null;
  readonly reference_id: string | null;
  readonly description: string | null;
  readonly actor: Actor;
}

interface UsageRow {
  readonly lot_id: string;
  readonly taken_by: EntryId;
  readonly sequence: number;
  readonly points: number;
}

/** Who holds something of a lot, net of what came back, in the order in which they took it. */
function holdersOf(usages: readonly UsageRow[]): readonly EntryId[] {
  const held = new Map<EntryId, number>();
  for (const { taken_by, points } of usages) held.set(taken_by, (held.get(taken_by) ?? 0) + points);
  return [...held].flatMap(([id, points]) => (points > 0 ? [id] : []));
}

/** The customer's summary as values, from what is stored; null when the customer has no ledger. */
export async function storedSummary(
  database: D1Database,
  { tenant, customerId }: LedgerKey,
  now: EpochMs,
): Promise<CustomerSummary | null> {
  const rowsOf = async <Row>(table: string): Promise<readonly Row[]> =>
    (
      await database
        .prepare(`select * from ${table} where tenant = ? and customer_id = ?`)
        .bind(tenant, customerId)
        .all<Row>()
    ).results;
  const [ledger] = await rowsOf<{ readonly owed: number }>("ledgers");
  if (ledger === undefined) return null;
  const lots = await rowsOf<{ readonly lot_id: string; readonly used_points: number }>("lots");
  const usages = (await rowsOf<UsageRow>("lot_usages")).toSorted((left, right) => left.sequence - right.sequence);
  const journal = (await rowsOf<EntryRow>("ledger_entries")).toSorted(
    (left, right) => left.created_at - right.created_at || left.sequence - right.sequence,
  );
  const redemptionOf = (row: EntryRow): RedeemedPoints => ({
    id: row.entry_id,
    description: row.description,
    points: row.points,
    createdAt: row.created_at,
    balanceAfter: row.balance_after,
    actor: row.actor,
  });
  const grantOf = (row: EntryRow): GrantedPoints => ({
    ...redemptionOf(row),
    referenceId: row.reference_id,
    validUntil: row.valid_until,
    usedPoints: lots.find((lot) => lot.lot_id === row.entry_id)?.used_points ?? 0,
    usedWith: holdersOf(usages.filter((usage) => usage.lot_id === row.entry_id)),
  });
  const shown = (...kinds: readonly string[]) => journal.filter((row) => kinds.includes(row.kind));
  const granted = shown("granted", "refunded").map(grantOf);
  const unused = granted.filter((lot) => isActive(lot, now)).reduce((sum, lot) => sum + lot.points - lot.usedPoints, 0);
  return {
    customerId,
    activePoints: unused - ledger.owed,
    granted,
    redeemed: shown("redeemed", "reversed", "settled").map(redemptionOf),
  };
}

/** A summary in the contract's words, as employees get it. */
export function summaryOnTheWire(summary: CustomerSummary): object {
  const told = (entry: RedeemedPoints) => ({
    id: entry.id,
    ...(entry.description === null ? {} : { description: entry.description }),
    points: entry.points,
    createdAt: new Date(entry.createdAt).toISOString(),
    allPointsAfterCreation: entry.balanceAfter,
    actor: entry.actor,
  });
  return {
    customerId: summary.customerId,
    activePoints: summary.activePoints,
    summary: {
      addedPointsList: summary.granted.map((grant) => ({
        ...told(grant),
        "reference-id": grant.referenceId,
        usedPoints: grant.usedPoints,
        ...(grant.validUntil === null ? {} : { validUntil: new Date(grant.validUntil).toISOString() }),
        usedWith: grant.usedWith,
      })),
      redeemedPointsList: summary.redeemed.map(told),
    },
  };
}

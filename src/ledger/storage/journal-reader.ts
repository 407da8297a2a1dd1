import { and, eq, getTableColumns, gt, inArray, isNotNull, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import { answeredRead } from "../../platform/storage/answered.ts";
import { along, itemsOf, selected } from "../../platform/storage/conditions.ts";
import type { CustomerId, EntryId, TenantId } from "../../platform/values/identifiers.ts";
import { compareText } from "../../platform/values/text-order.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { DatedDraw } from "../rules/lot.ts";
import { noPoints, type Points } from "../rules/points.ts";
import { earnedEntryId, type Forgiven, forgivenIn, type OrderHistory, type PastUndoing } from "../rules/returns.ts";
import { isForgiving, ownedBy } from "./conditions.ts";
import { ledgerEntries, lots, lotUsages } from "./tables.ts";

type EntryRow = typeof ledgerEntries.$inferSelect;

/** Reads what the journal says about orders and redemptions, and the points of each lot that they hold. */
export class JournalReader {
  readonly #drizzle: DrizzleD1Database;

  constructor(database: DrizzleD1Database) {
    this.#drizzle = database;
  }

  /** The customer in whose ledger an order earned; null when it earned in none. */
  async earnerOf(tenant: TenantId, orderId: string): Promise<CustomerId | null> {
    const [row] = await answeredRead(() =>
      this.#drizzle
        .select({ customerId: ledgerEntries.customerId })
        .from(ledgerEntries)
        .where(
          and(
            eq(ledgerEntries.tenant, tenant),
            eq(ledgerEntries.entryId, earnedEntryId(orderId)),
            isNotNull(ledgerEntries.orderValue),
          ),
        )
        .execute(),
    );
    return row?.customerId ?? null;
  }

  /** What the journal says about orders; null when it says nothing. */
  async orderHistory(key: LedgerKey, orderIds: readonly string[]): Promise<OrderHistory | null> {
    const grantIds = orderIds.map(earnedEntryId);
    // `0` is the character after `/`, so this finds all ids that begin with a grant's id and a slash. The parts of an
    // id contain no slash.
    const ranges = sql`(select value as id from json_each(${JSON.stringify(grantIds)}))`;
    const found = await answeredRead(() =>
      this.#drizzle
        .select(selected(getTableColumns(ledgerEntries)))
        .from(
          sql`${ranges} as grants join ${ledgerEntries} indexed by ledger_entries_by_id on ${and(
            ownedBy(ledgerEntries, key),
            sql`(${ledgerEntries.entryId} = grants.id or (
              ${ledgerEntries.entryId} > grants.id || '/' and ${ledgerEntries.entryId} < grants.id || '0'))`,
          )}`,
        )
        .execute(),
    );
    if (found.length === 0) return null;
    const rows = found.toSorted((left, right) => left.sequence - right.sequence);
    const grants = rows.filter((row) => row.kind === "granted");
    const reversals = rows.filter((row) => row.kind === "reversed");
    const [draws, usedPoints] = await Promise.all([
      this.#draws(key, reversals.map(idOf)),
      this.#usedPoints(key, grants.map(idOf)),
    ]);
    return {
      grants: grants.map((row) => ({
        id: idOf(row),
        commandId: row.commandId,
        points: row.points,
        createdAt: row.createdAt,
        validUntil: row.validUntil,
        usedPoints: usedPoints.get(idOf(row)) ?? 0,
      })),
      reversals: reversals.map((row) => {
        const related = rows.filter(({ relatedId }) => relatedId === row.entryId);
        const payments = related.filter(({ kind }) => kind === "settled");
        return {
          ...reversalOf(row),
          draws: draws.get(idOf(row)) ?? [],
          undoings: related.filter(({ kind }) => kind === "reversal-undone").map(undoingOf),
          paidPoints: payments.reduce((sum, payment) => sum + payment.points, 0),
          payments: payments.length,
        };
      }),
    };
  }

  /** What was forgiven after the given entry and is not paid for yet. */
  async forgivenSince(key: LedgerKey, sequence: number): Promise<readonly Forgiven[]> {
    const rows = await answeredRead(() =>
      this.#drizzle
        .select(selected({ orderId: ledgerEntries.referenceId }))
        .from(along(ledgerEntries, "ledger_entries_forgiven"))
        .where(and(ownedBy(ledgerEntries, key), isForgiving, gt(ledgerEntries.sequence, sequence)))
        .execute(),
    );
    const orderIds = [...new Set(rows.flatMap(({ orderId }) => orderId ?? []))];
    if (orderIds.length === 0) return [];
    const history = await this.orderHistory(key, orderIds);
    return history === null ? [] : forgivenIn(history).filter((one) => one.sequence > sequence);
  }

  async #sequenceOf(key: LedgerKey, entryId: EntryId): Promise<number | null> {
    const [row] = await answeredRead(() =>
      this.#drizzle
        .select({ sequence: ledgerEntries.sequence })
        .from(ledgerEntries)
        .where(and(ownedBy(ledgerEntries, key), eq(ledgerEntries.entryId, entryId)))
        .execute(),
    );
    return row?.sequence ?? null;
  }

  /** What the points of a redemption would pay for if they came back. */
  async forgivenAfter(key: LedgerKey, entryId: EntryId | null): Promise<readonly Forgiven[]> {
    const sequence = entryId === null ? null : await this.#sequenceOf(key, entryId);
    return sequence === null ? [] : this.forgivenSince(key, sequence);
  }

  /** The points of each lot that a redemption holds; empty when all came back, or the ledger has been erased since. */
  async drawsOf(key: LedgerKey, entryId: EntryId): Promise<readonly DatedDraw[]> {
    return (await this.#draws(key, [entryId])).get(entryId) ?? [];
  }

  /** The points of each lot that entries hold, less what came back, by the entries' ids. */
  async #draws(key: LedgerKey, ids: readonly string[]): Promise<ReadonlyMap<string, readonly DatedDraw[]>> {
    if (ids.length === 0) return new Map();
    const rows = await answeredRead(() =>
      this.#drizzle
        .select({
          holder: lotUsages.takenBy,
          lotId: lotUsages.lotId,
          points: lotUsages.points,
          lotPoints: lots.points,
          createdAt: lots.createdAt,
          validUntil: lots.validUntil,
        })
        .from(lotUsages)
        .innerJoin(
          lots,
          and(
            eq(lots.tenant, lotUsages.tenant),
            eq(lots.customerId, lotUsages.customerId),
            eq(lots.lotId, lotUsages.lotId),
          ),
        )
        .where(and(ownedBy(lotUsages, key), inArray(lotUsages.takenBy, itemsOf(JSON.stringify(ids)))))
        .execute(),
    );
    const usages = Map.groupBy(rows, ({ holder }) => holder);
    return new Map([...usages].map(([holder, of]) => [holder, heldOf(of)]));
  }

  async #usedPoints(key: LedgerKey, lotIds: readonly EntryId[]): Promise<ReadonlyMap<string, number>> {
    const rows = await answeredRead(() =>
      this.#drizzle
        .select({ lotId: lots.lotId, usedPoints: lots.usedPoints })
        .from(lots)
        .where(and(ownedBy(lots, key), inArray(lots.lotId, itemsOf(JSON.stringify(lotIds)))))
        .execute(),
    );
    return new Map(rows.map(({ lotId, usedPoints }) => [lotId, usedPoints]));
  }
}

interface UsageOfLot {
  readonly lotId: EntryId;
  readonly points: number;
  readonly lotPoints: Points;
  readonly createdAt: EpochMs;
  readonly validUntil: EpochMs | null;
}

/** What one entry holds, by lot. Added up and sorted here, to spare the database the work. */
function heldOf(usages: readonly UsageOfLot[]): readonly DatedDraw[] {
  const held = new Map<string, DatedDraw>();
  for (const { lotId, points, lotPoints, createdAt, validUntil } of usages) {
    held.set(lotId, {
      lotId,
      points: ((held.get(lotId)?.points ?? 0) + points) as Points,
      lotPoints,
      createdAt,
      validUntil,
    });
  }
  return [...held.values()]
    .filter(({ points }) => points > 0)
    .toSorted((left, right) => compareText(left.lotId, right.lotId));
}

const idOf = (row: EntryRow): EntryId => (row.entryId ?? "") as EntryId;

const undoingOf = (row: EntryRow): PastUndoing => ({
  commandId: row.commandId,
  requestedPoints: row.requestedPoints ?? noPoints,
  points: row.points,
  debt: { owed: row.owedChange ?? 0, absorbed: row.absorbedChange ?? 0 },
});

const reversalOf = (row: EntryRow) => ({
  id: idOf(row),
  sequence: row.sequence,
  commandId: row.commandId,
  requestedPoints: row.requestedPoints ?? noPoints,
  expiredPoints: row.expiredPoints ?? noPoints,
  points: row.points,
  debt: { owed: row.owedChange ?? 0, absorbed: row.absorbedChange ?? 0 },
});

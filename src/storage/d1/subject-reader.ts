import { and, desc, eq, getTableColumns, gt, inArray, isNotNull, lte, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import { type CommandSubject, nothingKnown, type SubjectFacts } from "../../application/ports.ts";
import type { CanonicalCouponCode } from "../../domain/coupon.ts";
import type { LedgerKey } from "../../domain/decide.ts";
import { type Exchange, type SoldCoupon, statesUnderWay } from "../../domain/exchange.ts";
import type { CommandId, CustomerId, EntryId, TenantId } from "../../domain/identifiers.ts";
import type { ExpiredLot } from "../../domain/lapsing.ts";
import type { Points } from "../../domain/points.ts";
import {
  type DatedDraw,
  earnedEntryId,
  type Forgiven,
  forgivenIn,
  type OrderHistory,
  type PastUndoing,
} from "../../domain/returns.ts";
import type { EpochMs } from "../../domain/time.ts";
import { answeredRead } from "./answered.ts";
import { along, hasPointsLeft, isForgiving, itemsOf, ownedBy, selected } from "./conditions.ts";
import { couponFromRow } from "./coupon-row.ts";
import { exchangeFromRow } from "./exchange-store.ts";
import { coupons, exchanges, ledgerEntries, lots, lotUsages } from "./schema.ts";

type EntryRow = typeof ledgerEntries.$inferSelect;

/** Lots that lapse in one commit. */
const expiredLotsMax = 500;

/** Reads what deciding a command needs to know besides the ledger: an order, an exchange, a coupon. */
export class SubjectReader {
  readonly #drizzle: DrizzleD1Database;

  constructor(database: DrizzleD1Database) {
    this.#drizzle = database;
  }

  async lookUp(key: LedgerKey, subject: CommandSubject): Promise<SubjectFacts> {
    switch (subject.kind) {
      case "order":
        return this.#orderFacts(key, subject.orderIds);
      case "exchange": {
        const exchange = await this.#exchange(key, subject.id);
        return { ...nothingKnown, exchange, forgiven: await this.#forgivenAfter(key, exchange?.id ?? null) };
      }
      case "coupon": {
        const sold = await this.#soldCoupon(key, subject.code);
        return { ...nothingKnown, sold, forgiven: await this.#forgivenAfter(key, sold?.coupon.redemptionId ?? null) };
      }
      case "expired-lots":
        return { ...nothingKnown, expired: await this.#expiredLots(key, subject.by) };
    }
  }

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
    return (row?.customerId ?? null) as CustomerId | null;
  }

  async exchangesUnderWay(key: LedgerKey, limit: number): Promise<readonly EntryId[]> {
    const rows = await answeredRead(() =>
      this.#drizzle
        .select({ id: exchanges.exchangeId })
        .from(exchanges)
        .where(and(ownedBy(exchanges, key), inArray(exchanges.state, [...statesUnderWay])))
        .orderBy(desc(exchanges.exchangeId))
        .limit(limit)
        .execute(),
    );
    return rows.map((row) => row.id as EntryId);
  }

  async #orderFacts(key: LedgerKey, orderIds: readonly string[]): Promise<SubjectFacts> {
    const order = await this.#order(key, orderIds);
    const [first] = order?.takeBacks ?? [];
    const forgiven = first === undefined ? [] : await this.#forgivenSince(key, first.sequence);
    return { ...nothingKnown, order, forgiven };
  }

  /** What the journal tells of orders; null when it tells nothing. */
  async #order(key: LedgerKey, orderIds: readonly string[]): Promise<OrderHistory | null> {
    const grantIds = orderIds.map(earnedEntryId);
    // `0` is the character after `/`: all entries whose id begins with a grant's and a slash. No part of an id has one.
    const ranges = sql`(select value as id from json_each(${JSON.stringify(grantIds)}))`;
    const rows = await answeredRead(() =>
      this.#drizzle
        .select(selected(getTableColumns(ledgerEntries)))
        .from(
          sql`${ranges} as grants join ${ledgerEntries} indexed by ledger_entries_by_id on ${and(
            ownedBy(ledgerEntries, key),
            sql`(${ledgerEntries.entryId} = grants.id or (
              ${ledgerEntries.entryId} > grants.id || '/' and ${ledgerEntries.entryId} < grants.id || '0'))`,
          )}`,
        )
        .orderBy(ledgerEntries.sequence)
        .execute(),
    );
    if (rows.length === 0) return null;
    const grants = rows.filter((row) => row.kind === "granted");
    const takeBacks = rows.filter((row) => row.kind === "taken-back");
    const [draws, usedPoints] = await Promise.all([
      this.#draws(key, takeBacks.map(idOf)),
      this.#usedPoints(key, grants.map(idOf)),
    ]);
    return {
      grants: grants.map((row) => ({
        id: idOf(row),
        commandId: row.commandId as CommandId,
        points: row.points as Points,
        createdAt: row.createdAt as EpochMs,
        validUntil: row.validUntil as EpochMs | null,
        usedPoints: usedPoints.get(idOf(row)) ?? 0,
      })),
      takeBacks: takeBacks.map((row) => {
        const related = rows.filter(({ relatedId }) => relatedId === row.entryId);
        const payments = related.filter(({ kind }) => kind === "settled");
        return {
          ...takeBackOf(row),
          draws: draws.get(idOf(row)) ?? [],
          undoings: related.filter(({ kind }) => kind === "given-back").map(undoingOf),
          paidPoints: payments.reduce((sum, payment) => sum + payment.points, 0),
          payments: payments.length,
        };
      }),
    };
  }

  /** What was forgiven after an entry of the ledger, and is not paid for yet. */
  async #forgivenSince(key: LedgerKey, sequence: number): Promise<readonly Forgiven[]> {
    const rows = await answeredRead(() =>
      this.#drizzle
        .selectDistinct(selected({ orderId: ledgerEntries.referenceId }))
        .from(along("ledger_entries_forgiven"))
        .where(and(ownedBy(ledgerEntries, key), isForgiving, gt(ledgerEntries.sequence, sequence)))
        .execute(),
    );
    const orderIds = rows.flatMap(({ orderId }) => orderId ?? []);
    if (orderIds.length === 0) return [];
    const history = await this.#order(key, orderIds);
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

  /** What points of a redemption would pay for if they came back. */
  async #forgivenAfter(key: LedgerKey, redemptionId: EntryId | null): Promise<readonly Forgiven[]> {
    const sequence = redemptionId === null ? null : await this.#sequenceOf(key, redemptionId);
    return sequence === null ? [] : this.#forgivenSince(key, sequence);
  }

  async #exchange(key: LedgerKey, id: EntryId): Promise<Exchange | null> {
    const [row] = await answeredRead(() =>
      this.#drizzle
        .select()
        .from(exchanges)
        .where(and(ownedBy(exchanges, key), eq(exchanges.exchangeId, id)))
        .execute(),
    );
    if (row === undefined) return null;
    return { ...exchangeFromRow(key, row), draws: await this.#drawsOf(key, id) };
  }

  async #soldCoupon(key: LedgerKey, code: CanonicalCouponCode): Promise<SoldCoupon | null> {
    const [row] = await answeredRead(() =>
      this.#drizzle
        .select()
        .from(coupons)
        .where(
          and(eq(coupons.tenant, key.tenant), eq(coupons.canonicalCode, code), eq(coupons.issuedTo, key.customerId)),
        )
        .execute(),
    );
    if (row === undefined) return null;
    return {
      coupon: couponFromRow(row),
      isGivenBack: row.givenBackAt !== null,
      isDeleted: row.deletedAt !== null,
      draws: await this.#drawsOf(key, row.redemptionId as EntryId),
    };
  }

  async #expiredLots(key: LedgerKey, by: EpochMs): Promise<readonly ExpiredLot[]> {
    const rows = await answeredRead(() =>
      this.#drizzle
        .select()
        .from(lots)
        .where(and(ownedBy(lots, key), hasPointsLeft, lte(lots.validUntil, by)))
        .orderBy(lots.validUntil, lots.lotId)
        .limit(expiredLotsMax)
        .execute(),
    );
    return rows.map((row) => ({
      id: row.lotId as EntryId,
      remainingPoints: (row.points - row.usedPoints - row.lapsedPoints) as Points,
      validUntil: (row.validUntil ?? 0) as EpochMs,
    }));
  }

  /** What a redemption holds of which lots; empty when all of it came back, or the ledger was erased since. */
  async #drawsOf(key: LedgerKey, redemptionId: EntryId): Promise<readonly DatedDraw[]> {
    return (await this.#draws(key, [redemptionId])).get(redemptionId) ?? [];
  }

  /** What entries hold of which lots, net of what came back, by the entries' ids. */
  async #draws(key: LedgerKey, ids: readonly string[]): Promise<ReadonlyMap<string, readonly DatedDraw[]>> {
    if (ids.length === 0) return new Map();
    const held = sql<number>`sum(${lotUsages.points})`;
    const rows = await answeredRead(() =>
      this.#drizzle
        .select({
          holder: lotUsages.redemptionId,
          lotId: lotUsages.lotId,
          points: held.as("held"),
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
        .where(and(ownedBy(lotUsages, key), inArray(lotUsages.redemptionId, itemsOf(JSON.stringify(ids)))))
        .groupBy(lotUsages.redemptionId, lotUsages.lotId)
        .having(gt(held, 0))
        .orderBy(lotUsages.lotId)
        .execute(),
    );
    return Map.groupBy(rows.map(drawOfRow), (draw) => draw.holder);
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

const drawOfRow = ({
  holder,
  ...row
}: {
  holder: string;
  lotId: string;
  points: number;
  lotPoints: number;
  createdAt: number;
  validUntil: number | null;
}) => ({
  holder,
  lotId: row.lotId as EntryId,
  points: row.points as Points,
  lotPoints: row.lotPoints as Points,
  createdAt: row.createdAt as EpochMs,
  validUntil: row.validUntil as EpochMs | null,
});

const idOf = (row: EntryRow): EntryId => (row.entryId ?? "") as EntryId;

const undoingOf = (row: EntryRow): PastUndoing => ({
  commandId: row.commandId as CommandId,
  requestedPoints: (row.requestedPoints ?? 0) as Points,
  points: row.points as Points,
  debt: { owed: row.owedChange ?? 0, absorbed: row.absorbedChange ?? 0 },
});

const takeBackOf = (row: EntryRow) => ({
  id: idOf(row),
  sequence: row.sequence,
  commandId: row.commandId as CommandId,
  requestedPoints: (row.requestedPoints ?? 0) as Points,
  lapsedPoints: (row.lapsedPoints ?? 0) as Points,
  points: row.points as Points,
  debt: { owed: row.owedChange ?? 0, absorbed: row.absorbedChange ?? 0 },
});

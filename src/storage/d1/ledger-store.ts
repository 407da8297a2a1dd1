import { and, desc, eq, gt, inArray, isNull, lt, or, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import type {
  IdempotencyRecord,
  LedgerChanges,
  LedgerLookups,
  LedgerSnapshot,
  LedgerStore,
  RecalledEntry,
} from "../../application/ports.ts";
import type { IdempotencyKey, Outcome } from "../../domain/command.ts";
import { type Coupon, type CouponCode, canonicalCouponCode } from "../../domain/coupon.ts";
import type { LedgerKey } from "../../domain/decide.ts";
import type { Entry } from "../../domain/entry.ts";
import { actorOfCustomer, type CommandId, type EntryId } from "../../domain/identifiers.ts";
import { ledgerOf } from "../../domain/ledger.ts";
import type { Lot } from "../../domain/lot.ts";
import type { Points } from "../../domain/points.ts";
import type { EpochMs } from "../../domain/time.ts";
import { answered } from "./answered.ts";
import { insertFromJson } from "./json-rows.ts";
import { coupons, idempotencyRecords, ledgerEntries, ledgers, lots, lotUsages } from "./schema.ts";

/** Ledgers in D1. Everything here runs on the primary. */
export class D1LedgerStore implements LedgerStore {
  readonly #database: D1Database;
  readonly #drizzle: DrizzleD1Database;

  constructor(database: D1Database) {
    this.#database = database;
    this.#drizzle = drizzle(database);
  }

  async load(key: LedgerKey, lookups: LedgerLookups, now: EpochMs): Promise<LedgerSnapshot> {
    const [opened, last, activeLots, records, entries] = await answered(
      this.#drizzle.batch([
        this.#drizzle.select().from(ledgers).where(ownedBy(ledgers, key)),
        this.#drizzle
          .select({ sequence: ledgerEntries.sequence })
          .from(ledgerEntries)
          .where(ownedBy(ledgerEntries, key))
          .orderBy(desc(ledgerEntries.sequence))
          .limit(1),
        this.#drizzle
          .select()
          .from(lots)
          .where(
            and(
              ownedBy(lots, key),
              lt(lots.usedPoints, lots.points),
              or(isNull(lots.validUntil), gt(lots.validUntil, now)),
            ),
          ),
        this.#drizzle.select().from(idempotencyRecords).where(recordsNamed(key, lookups.idempotencyKeys)),
        this.#drizzle
          .select()
          .from(ledgerEntries)
          .where(and(ownedBy(ledgerEntries, key), inArray(ledgerEntries.entryId, jsonList(lookups.entryIds)))),
      ]),
    );
    return {
      ledger: ledgerOf(opened.length > 0, last[0]?.sequence ?? 0, activeLots.map(lotFromRow)),
      openedBy: (opened[0]?.openedBy ?? null) as CommandId | null,
      records: records.map(recordFromRow),
      entries: entries.flatMap(recalledFromRow),
    };
  }

  async commit(key: LedgerKey, changes: LedgerChanges): Promise<void> {
    const { tenant, customerId } = key;
    const rows = rowsOf(changes);
    const statements: D1PreparedStatement[] = [];
    const add = (text: string, list: readonly unknown[], ...shared: string[]): void => {
      if (list.length > 0) statements.push(this.#bind(text, ...shared, list));
    };
    // First of all, so that a writer who has missed an entry is refused by the primary key.
    add(statementTexts.insertEntries, rows.entries, tenant, customerId);
    add(statementTexts.insertLedgers, rows.ledgers, tenant, customerId);
    add(statementTexts.insertLots, rows.lots, tenant, customerId);
    add(statementTexts.useLots, rows.usages, tenant, customerId);
    add(statementTexts.insertUsages, rows.usages, tenant, customerId);
    add(statementTexts.insertCoupons, rows.coupons, tenant);
    add(statementTexts.insertRecords, rows.records, tenant);
    if (changes.entries.some((entry) => entry.kind === "erased")) statements.push(...this.#erasure(key, changes));
    await answered(this.#database.batch(statements));
  }

  /** Removes what the ledger held. The entry that says so stays, so that its sequence is never used again. */
  #erasure(key: LedgerKey, changes: LedgerChanges): D1PreparedStatement[] {
    const sequence = Math.max(...changes.entries.map((entry) => entry.sequence));
    const before = and(ownedBy(ledgerEntries, key), lt(ledgerEntries.sequence, sequence));
    const ownRequests = and(
      eq(idempotencyRecords.tenant, key.tenant),
      eq(idempotencyRecords.caller, actorOfCustomer(key.customerId)),
    );
    return [
      this.#drizzle.delete(lotUsages).where(ownedBy(lotUsages, key)),
      this.#drizzle.delete(lots).where(ownedBy(lots, key)),
      this.#drizzle.delete(ledgerEntries).where(before),
      this.#drizzle.delete(ledgers).where(ownedBy(ledgers, key)),
      this.#drizzle.delete(idempotencyRecords).where(ownRequests),
    ].map((query) => {
      const { sql: text, params } = query.toSQL();
      return this.#database.prepare(text).bind(...params);
    });
  }

  #bind(text: string, ...parameters: (string | readonly unknown[])[]): D1PreparedStatement {
    const values = parameters.map((parameter) =>
      typeof parameter === "string" ? parameter : JSON.stringify(parameter),
    );
    return this.#database.prepare(text).bind(...values);
  }
}

const statementTexts = {
  insertEntries: insertFromJson(ledgerEntries, ["tenant", "customerId"]),
  insertLedgers: insertFromJson(ledgers, ["tenant", "customerId"]),
  insertLots: insertFromJson(lots, ["tenant", "customerId"]),
  insertUsages: insertFromJson(lotUsages, ["tenant", "customerId"]),
  insertCoupons: insertFromJson(coupons, ["tenant"]),
  insertRecords: insertFromJson(idempotencyRecords, ["tenant"]),
  // A lot may be used by several redemptions of one group: their points are summed up before they are added.
  useLots: `update lots set used_points = used_points + used.points
    from (
      select value ->> 'lotId' as lot_id, sum(value ->> 'points') as points
      from json_each(?3) group by value ->> 'lotId'
    ) as used
    where lots.tenant = ?1 and lots.customer_id = ?2 and lots.lot_id = used.lot_id`,
} as const;

type OwnedTable = typeof ledgers | typeof ledgerEntries | typeof lots | typeof lotUsages;

const ownedBy = (table: OwnedTable, key: LedgerKey) =>
  and(eq(table.tenant, key.tenant), eq(table.customerId, key.customerId));

/** A list as one parameter: D1 allows a hundred of them a statement. */
const jsonList = (values: readonly string[]) => sql`(select value from json_each(${JSON.stringify(values)}))`;

const recordsNamed = (key: LedgerKey, keys: readonly IdempotencyKey[]) =>
  and(
    eq(idempotencyRecords.tenant, key.tenant),
    sql`(${idempotencyRecords.caller}, ${idempotencyRecords.operation}, ${idempotencyRecords.idempotencyKey}) in (
      select value ->> 'caller', value ->> 'operation', value ->> 'key' from json_each(${JSON.stringify(keys)}))`,
  );

type EntryRow = Omit<typeof ledgerEntries.$inferInsert, "tenant" | "customerId">;
type LotRow = Omit<typeof lots.$inferInsert, "tenant" | "customerId">;
type UsageRow = Omit<typeof lotUsages.$inferInsert, "tenant" | "customerId">;

/** The rows of a commit, without what they share. */
function rowsOf(changes: LedgerChanges) {
  const entries: EntryRow[] = [];
  const openings: Omit<typeof ledgers.$inferInsert, "tenant" | "customerId">[] = [];
  const lotRows: LotRow[] = [];
  const usages: UsageRow[] = [];
  for (const entry of changes.entries) {
    entries.push(entryRow(entry));
    if (entry.kind === "opened") openings.push({ openedAt: entry.recordedAt, openedBy: entry.commandId });
    if (entry.kind === "granted") {
      const { id: lotId, points, createdAt, validUntil } = entry;
      lotRows.push({ lotId, points, usedPoints: 0, createdAt, validUntil });
    }
    if (entry.kind === "redeemed") {
      for (const draw of entry.draws) {
        usages.push({ lotId: draw.lotId, redemptionId: entry.id, sequence: entry.sequence, points: draw.points });
      }
    }
  }
  return {
    entries,
    ledgers: openings,
    lots: lotRows,
    usages,
    coupons: changes.coupons.map(couponRow),
    records: changes.records.map(recordRow),
  };
}

function entryRow(entry: Entry): EntryRow {
  const { sequence, kind, commandId, actor, recordedAt, balanceAfter } = entry;
  const base = { sequence, kind, commandId, actor, recordedAt, balanceAfter };
  switch (entry.kind) {
    case "opened":
    case "erased":
      return { ...base, points: 0, createdAt: recordedAt };
    case "granted": {
      const { id: entryId, points, createdAt, validUntil, referenceId, description, fingerprint } = entry;
      return { ...base, entryId, points, createdAt, validUntil, referenceId, description, fingerprint };
    }
    case "redeemed": {
      const { id: entryId, points, createdAt, description, redeemOptionId, couponCode, fingerprint } = entry;
      return { ...base, entryId, points, createdAt, description, redeemOptionId, couponCode, fingerprint };
    }
    default:
      throw new Error(`Unknown kind of entry: ${JSON.stringify(entry satisfies never)}`);
  }
}

const couponRow = (coupon: Coupon): Omit<typeof coupons.$inferInsert, "tenant"> => ({
  canonicalCode: canonicalCouponCode(coupon.code),
  code: coupon.code,
  definition: JSON.stringify(coupon.definition),
  issuedTo: coupon.issuedTo,
  issuedAt: coupon.issuedAt,
  redemptionId: coupon.redemptionId,
  redeemOptionId: coupon.redeemOptionId,
  redemptionCount: coupon.redemptionCount,
});

const recordRow = (record: IdempotencyRecord): Omit<typeof idempotencyRecords.$inferInsert, "tenant"> => ({
  caller: record.idempotencyKey.caller,
  operation: record.idempotencyKey.operation,
  idempotencyKey: record.idempotencyKey.key,
  fingerprint: record.fingerprint,
  answer: JSON.stringify(record.result),
  createdAt: record.createdAt,
});

const lotFromRow = (row: typeof lots.$inferSelect): Lot => ({
  id: row.lotId as EntryId,
  points: row.points as Points,
  usedPoints: row.usedPoints as Points,
  createdAt: row.createdAt as EpochMs,
  validUntil: row.validUntil as EpochMs | null,
});

const recordFromRow = (row: typeof idempotencyRecords.$inferSelect): IdempotencyRecord => ({
  idempotencyKey: {
    operation: row.operation,
    caller: row.caller as IdempotencyKey["caller"],
    key: row.idempotencyKey,
  },
  fingerprint: row.fingerprint,
  result: JSON.parse(row.answer) as IdempotencyRecord["result"],
  createdAt: row.createdAt as EpochMs,
});

function recalledFromRow(row: typeof ledgerEntries.$inferSelect): RecalledEntry[] {
  if (row.entryId === null) return [];
  return [
    {
      id: row.entryId as EntryId,
      commandId: row.commandId as CommandId,
      fingerprint: row.fingerprint,
      outcome: outcomeOfRow(row),
    },
  ];
}

function outcomeOfRow(row: typeof ledgerEntries.$inferSelect): Outcome {
  if (row.kind === "granted") return { kind: "granted" };
  return row.couponCode === null
    ? { kind: "redeemed" }
    : { kind: "exchanged", couponCode: row.couponCode as CouponCode };
}

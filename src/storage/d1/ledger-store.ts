import { and, desc, eq, gt, inArray, isNull, lt, notInArray, or, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import type {
  CommandSubject,
  IdempotencyRecord,
  LedgerChanges,
  LedgerLookups,
  LedgerSnapshot,
  LedgerStore,
  RecalledEntry,
  SubjectFacts,
} from "../../application/ports.ts";
import { type IdempotencyKey, outcomeOfRedemption } from "../../domain/command.ts";
import { type Coupon, type CouponCode, canonicalCouponCode } from "../../domain/coupon.ts";
import type { LedgerKey } from "../../domain/decide.ts";
import { type DebtChange, drawsPoints, type Entry, makesLot } from "../../domain/entry.ts";
import {
  actorOfCustomer,
  type CommandId,
  type CustomerId,
  type EntryId,
  type TenantId,
} from "../../domain/identifiers.ts";
import { ledgerOf } from "../../domain/ledger.ts";
import type { Lot } from "../../domain/lot.ts";
import type { Points } from "../../domain/points.ts";
import type { EpochMs } from "../../domain/time.ts";
import { answered } from "./answered.ts";
import { jsonList, ownedBy } from "./conditions.ts";
import { insertFromJson } from "./json-rows.ts";
import { coupons, exchanges, idempotencyRecords, ledgerEntries, ledgers, lots, lotUsages } from "./schema.ts";
import { SubjectReader } from "./subject-reader.ts";

/** Rows in one parameter, which D1 allows 2 MB: a redemption may draw from very many lots. */
const rowsPerStatement = 4_000;

/** Ledgers in D1. Everything here runs on the primary. */
export class D1LedgerStore implements LedgerStore {
  readonly #database: D1Database;
  readonly #drizzle: DrizzleD1Database;
  readonly #subjects: SubjectReader;

  constructor(database: D1Database) {
    this.#database = database;
    this.#drizzle = drizzle(database);
    this.#subjects = new SubjectReader(this.#drizzle);
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
      ledger: ledgerOf(opened.length > 0, last[0]?.sequence ?? 0, activeLots.map(lotFromRow), debtOf(opened[0])),
      openedBy: (opened[0]?.openedBy ?? null) as CommandId | null,
      records: records.map(recordFromRow),
      entries: entries.flatMap(recalledFromRow),
    };
  }

  lookUp(key: LedgerKey, subject: CommandSubject): Promise<SubjectFacts> {
    return this.#subjects.lookUp(key, subject);
  }

  exchangesUnderWay(key: LedgerKey, limit: number): Promise<readonly EntryId[]> {
    return this.#subjects.exchangesUnderWay(key, limit);
  }

  earnerOf(tenant: TenantId, orderId: string): Promise<CustomerId | null> {
    return this.#subjects.earnerOf(tenant, orderId);
  }

  async commit(key: LedgerKey, changes: LedgerChanges): Promise<void> {
    const { tenant, customerId } = key;
    const rows = rowsOf(changes);
    const statements: D1PreparedStatement[] = [];
    const add = (text: string, list: readonly unknown[], ...shared: string[]): void => {
      for (let from = 0; from < list.length; from += rowsPerStatement) {
        statements.push(this.#bind(text, ...shared, list.slice(from, from + rowsPerStatement)));
      }
    };
    // First of all, so that a writer who has missed an entry is refused by the primary key.
    add(statementTexts.insertEntries, rows.entries, tenant, customerId);
    add(statementTexts.insertLedgers, rows.ledgers, tenant, customerId);
    add(statementTexts.changeDebt, rows.debts, tenant, customerId);
    add(statementTexts.insertLots, rows.lots, tenant, customerId);
    add(statementTexts.useLots, rows.usages, tenant, customerId);
    add(statementTexts.insertUsages, rows.usages, tenant, customerId);
    add(statementTexts.insertCoupons, rows.coupons, tenant);
    add(statementTexts.giveBackCoupons, rows.givenBack, tenant, customerId);
    add(statementTexts.insertExchanges, rows.exchanges, tenant, customerId);
    add(statementTexts.advanceExchanges, rows.steps, tenant, customerId);
    add(statementTexts.forgetExchanges, rows.forgotten, tenant, customerId);
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
      // What is under way must still be brought to its end.
      this.#drizzle
        .delete(exchanges)
        .where(and(ownedBy(exchanges, key), notInArray(exchanges.state, ["PENDING", "VOIDING"]))),
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
  insertExchanges: insertFromJson(exchanges, ["tenant", "customerId"]),
  // Triggers refuse the whole commit when a coupon has been used, or an exchange has gone another way.
  giveBackCoupons: `update coupons set given_back_at = row.value ->> 'at', deleted_at = row.value ->> 'at'
    from json_each(?3) as row
    where coupons.tenant = ?1 and coupons.issued_to = ?2 and coupons.canonical_code = row.value ->> 'canonicalCode'`,
  advanceExchanges: `update exchanges
    set state = row.value ->> 'to', reason = row.value ->> 'reason', updated_at = row.value ->> 'at'
    from json_each(?3) as row
    where exchanges.tenant = ?1 and exchanges.customer_id = ?2 and exchanges.exchange_id = row.value ->> 'id'`,
  forgetExchanges: `delete from exchanges
    where tenant = ?1 and customer_id = ?2 and exchange_id in (select value from json_each(?3))`,
  insertRecords: insertFromJson(idempotencyRecords, ["tenant"]),
  changeDebt: `update ledgers
    set (owed, absorbed) = (
      select owed + sum(value ->> 'owed'), absorbed + sum(value ->> 'absorbed') from json_each(?3)
    )
    where tenant = ?1 and customer_id = ?2`,
  // A lot may be used by several redemptions of one group: their points are summed up before they are added.
  useLots: `update lots set used_points = used_points + used.points
    from (
      select value ->> 'lotId' as lot_id, sum(value ->> 'points') as points
      from json_each(?3) group by value ->> 'lotId'
    ) as used
    where lots.tenant = ?1 and lots.customer_id = ?2 and lots.lot_id = used.lot_id`,
} as const;

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
  const openings: Omit<typeof ledgers.$inferInsert, "tenant" | "customerId">[] = [];
  const lotRows: LotRow[] = [];
  const usages: UsageRow[] = [];
  const debts: DebtChange[] = [];
  for (const entry of changes.entries) {
    if (entry.kind === "opened") {
      openings.push({ openedAt: entry.recordedAt, openedBy: entry.commandId, owed: 0, absorbed: 0 });
    }
    if (makesLot(entry)) {
      const { id: lotId, points, createdAt, validUntil } = entry;
      lotRows.push({ lotId, points, usedPoints: 0, createdAt, validUntil });
    }
    if (drawsPoints(entry)) {
      for (const draw of entry.draws) {
        usages.push({ lotId: draw.lotId, redemptionId: entry.id, sequence: entry.sequence, points: draw.points });
      }
    }
    if ("debt" in entry && (entry.debt.owed !== 0 || entry.debt.absorbed !== 0)) debts.push(entry.debt);
  }
  return {
    entries: changes.entries.map(entryRow),
    ledgers: openings,
    lots: lotRows,
    usages,
    debts,
    ...effectRows(changes),
    records: changes.records.map(recordRow),
  };
}

/** Every kind of entry has its own members, and each member its column; what a kind does not have stays null. */
function entryRow(entry: Entry): EntryRow {
  const { sequence, kind, commandId, actor, recordedAt, balanceAfter } = entry;
  const base = { sequence, kind, commandId, actor, recordedAt, balanceAfter, points: 0, createdAt: recordedAt };
  if (entry.kind === "opened" || entry.kind === "erased") return base;
  const { id: entryId, debt, draws: _draws, ...members } = { debt: undefined, draws: undefined, ...entry };
  return {
    ...base,
    ...members,
    entryId,
    ...(debt === undefined ? {} : { owedChange: debt.owed, absorbedChange: debt.absorbed }),
  };
}

/** What the coupon effects store, by statement. */
function effectRows({ couponEffects, now }: LedgerChanges) {
  return {
    coupons: couponEffects.flatMap((effect) => (effect.kind === "issue" ? [couponRow(effect.coupon)] : [])),
    exchanges: couponEffects.flatMap((effect) => (effect.kind === "reserve" ? [exchangeRow(effect.coupon)] : [])),
    steps: couponEffects.flatMap((effect) => (effect.kind === "step" ? [{ ...effect.step, at: now }] : [])),
    forgotten: couponEffects.flatMap((effect) => (effect.kind === "forget" ? [effect.id] : [])),
    givenBack: couponEffects.flatMap((effect) =>
      effect.kind === "give-back" ? [{ canonicalCode: canonicalCouponCode(effect.code), at: now }] : [],
    ),
  };
}

const exchangeRow = (coupon: Coupon): Omit<typeof exchanges.$inferInsert, "tenant" | "customerId"> => ({
  exchangeId: coupon.redemptionId,
  couponCode: coupon.code,
  canonicalCode: canonicalCouponCode(coupon.code),
  redeemOptionId: coupon.redeemOptionId,
  definition: JSON.stringify(coupon.definition),
  state: "PENDING",
  createdAt: coupon.issuedAt,
  updatedAt: coupon.issuedAt,
});

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

const debtOf = (row: typeof ledgers.$inferSelect | undefined): DebtChange => ({
  owed: row?.owed ?? 0,
  absorbed: row?.absorbed ?? 0,
});

function recalledFromRow(row: typeof ledgerEntries.$inferSelect): RecalledEntry[] {
  if (row.entryId === null || (row.kind !== "granted" && row.kind !== "redeemed")) return [];
  return [
    {
      id: row.entryId as EntryId,
      commandId: row.commandId as CommandId,
      fingerprint: row.fingerprint,
      outcome: row.kind === "granted" ? { kind: "granted" } : outcomeOfRedemption(redemptionOfRow(row)),
    },
  ];
}

const redemptionOfRow = (row: typeof ledgerEntries.$inferSelect) => ({
  id: row.entryId as EntryId,
  couponCode: row.couponCode as CouponCode | null,
  couponIssuer: row.couponIssuer,
});

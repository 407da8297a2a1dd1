import { eq, type Query, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { redeemOptions } from "../../options/storage/tables.ts";
import { sha256Hex } from "../../platform/runtime/sha256.ts";
import { builtOnce, type Prepare } from "../../platform/storage/built-once.ts";
import { among } from "../../platform/storage/conditions.ts";
import { inParameters } from "../../platform/storage/json-parameters.ts";
import { isAsSaid, isThere, rowsFromJson, rowsIn, said } from "../../platform/storage/json-rows.ts";
import { idempotencyRecords, refusals } from "../../platform/storage/tables.ts";
import { coupons, exchanges } from "./coupon-tables.ts";
import { ledgerEntries, ledgers, lots, lotUsages } from "./tables.ts";

/** A statement that runs for each row of a list. */
interface RowStatement<Row> {
  readonly prepare: Prepare<"rows">;
  readonly text: (drizzle: DrizzleD1Database) => string;
  /** Never set: carries the type of the rows. */
  readonly row?: Row;
}

/** @param build uses the property names of the rows, and the parameter `rows` */
const forRows = <Row>(
  build: (drizzle: DrizzleD1Database, say: (property: keyof Row & string) => SQL) => { toSQL(): Query },
): RowStatement<Row> => ({
  prepare: builtOnce<"rows">((drizzle) => build(drizzle, said)),
  text: (drizzle) => build(drizzle, said).toSQL().sql,
});

const inserted = <Table extends SQLiteTable>(table: Table): RowStatement<Table["$inferInsert"]> =>
  forRows((drizzle) => drizzle.insert(table).select(rowsFromJson(table, "rows")));

/** Fails the whole transaction when `isWrong` is true of any row. Nothing is ever stored in `refusals`. */
const refused = <Row>(
  reason: string,
  isWrong: (drizzle: DrizzleD1Database, say: (property: keyof Row & string) => SQL) => SQL,
): RowStatement<Row> =>
  forRows((drizzle, say) =>
    drizzle.insert(refusals).select(sql`select ${sql.raw(`'${reason}'`)} from ${rowsIn("rows")}
      where ${isWrong(drizzle, say)}`),
  );

type LedgerRow = typeof ledgers.$inferSelect;
type OptionRow = typeof redeemOptions.$inferSelect;
type ExchangeRow = typeof exchanges.$inferSelect;
type LotRow = typeof lots.$inferSelect;
type CouponRow = typeof coupons.$inferSelect;

type KeyOfLedger = "tenant" | "customerId";
type KeyOfExchange = "tenant" | "customerId" | "exchangeId";
type KeyOfLot = "tenant" | "customerId" | "lotId";

/**
 * What happens to each list of a commit, in this order. Entries come before the checks, so that a tenant that is not at
 * home is refused for that reason and no other. Each row names its ledger, so a list may hold rows of many ledgers. A
 * list that updates ledgers, lots, coupons or exchanges holds each of them only once.
 */
const statements = {
  /** The primary key refuses a writer that missed an entry. A trigger refuses one that knows a different last entry. */
  entries: inserted(ledgerEntries),
  /** Heads that ledgers must have. A ledger that does not exist has an empty head. */
  followed: refused<Pick<LedgerRow, KeyOfLedger | "head">>("the ledger has moved on", (drizzle, say) => {
    const head = drizzle
      .select({ head: ledgers.head })
      .from(ledgers)
      .where(isAsSaid(ledgers, "tenant", "customerId"));
    return sql`${say("head")} <> coalesce(${head}, '')`;
  }),
  /**
   * The options that exchanges were priced by. The version alone does not identify an option's terms: a deleted option
   * can be created again.
   */
  terms: refused<Pick<OptionRow, "tenant" | "id" | "version" | "createdAt">>(
    "the option has changed",
    (drizzle) => sql`not ${isThere(drizzle, redeemOptions, "tenant", "id", "version", "createdAt")}`,
  ),
  /** States that exchanges must be in before their steps. */
  states: refused<Pick<ExchangeRow, KeyOfExchange | "state">>(
    "the exchange has gone another way",
    (drizzle) => sql`not ${isThere(drizzle, exchanges, "tenant", "customerId", "exchangeId", "state")}`,
  ),
  /** Ledgers that this commit opens. */
  openings: inserted(ledgers),
  /** Where all other ledgers stand after the commit. */
  standings: forRows<Pick<LedgerRow, KeyOfLedger | "sequence" | "head" | "points" | "owed" | "absorbed">>(
    (drizzle, say) =>
      drizzle
        .update(ledgers)
        .set({
          sequence: say("sequence"),
          head: say("head"),
          points: say("points"),
          owed: say("owed"),
          absorbed: say("absorbed"),
        })
        .from(rowsIn("rows"))
        .where(isAsSaid(ledgers, "tenant", "customerId")),
  ),
  lots: inserted(lots),
  /** Points that are taken from lots; below zero if they come back. */
  uses: forRows<Pick<LotRow, KeyOfLot> & { readonly taken: number }>((drizzle, say) =>
    drizzle
      .update(lots)
      .set({ usedPoints: sql`${lots.usedPoints} + ${say("taken")}` })
      .from(rowsIn("rows"))
      .where(isAsSaid(lots, "tenant", "customerId", "lotId")),
  ),
  usages: inserted(lotUsages),
  expiries: forRows<Pick<LotRow, KeyOfLot | "expiredPoints">>((drizzle, say) =>
    drizzle
      .update(lots)
      .set({ expiredPoints: say("expiredPoints") })
      .from(rowsIn("rows"))
      .where(isAsSaid(lots, "tenant", "customerId", "lotId")),
  ),
  coupons: inserted(coupons),
  /** Coupons that are given back. A trigger refuses those that have been used. */
  givenBack: forRows<Pick<CouponRow, "tenant" | "canonicalCode" | "issuedTo" | "givenBackAt">>((drizzle, say) =>
    drizzle
      .update(coupons)
      .set({ givenBackAt: say("givenBackAt"), deletedAt: say("givenBackAt") })
      .from(rowsIn("rows"))
      // The plus keeps SQLite from using the index of all the customer's coupons.
      .where(
        sql`${isAsSaid(coupons, "tenant", "canonicalCode")} and ${eq(sql`+${coupons.issuedTo}`, say("issuedTo"))}`,
      ),
  ),
  exchanges: inserted(exchanges),
  /** A trigger refuses changes of state that do not exist. */
  steps: forRows<Pick<ExchangeRow, KeyOfExchange | "state" | "reason" | "updatedAt">>((drizzle, say) =>
    drizzle
      .update(exchanges)
      .set({ state: say("state"), reason: say("reason"), updatedAt: say("updatedAt") })
      .from(rowsIn("rows"))
      .where(isAsSaid(exchanges, "tenant", "customerId", "exchangeId")),
  ),
  forgotten: forRows<Pick<ExchangeRow, KeyOfExchange>>((drizzle, say) => {
    const { tenant, customerId, exchangeId } = exchanges;
    const keys = sql`(select ${say("tenant")}, ${say("customerId")}, ${say("exchangeId")} from ${rowsIn("rows")})`;
    return drizzle.delete(exchanges).where(among({ tenant, customerId, exchangeId }, keys));
  }),
  records: inserted(idempotencyRecords),
};

export type CommitList = keyof typeof statements;

type RowOf<Statement> = Statement extends RowStatement<infer Row> ? Row : never;

/** The rows of a commit, by what is done with them. */
export type CommitRows = { readonly [List in CommitList]: readonly RowOf<(typeof statements)[List]>[] };

/** In the order in which they run. */
export const commitLists = Object.keys(statements) as readonly CommitList[];

/** The statements that carry out a commit, in one batch: one for each list with rows, or more if the list is long. */
export const commitStatements = (database: D1Database, rows: CommitRows): readonly D1PreparedStatement[] =>
  commitLists.flatMap((list) =>
    inParameters(rows[list]).map((parameter) => statements[list].prepare(database, { rows: parameter })),
  );

/** A commit's rows as JSON, by list. Commas separate them, without brackets, so that several commits can be joined. */
export type CommitTexts = { readonly [List in CommitList]?: string };

export const textsOf = (rows: CommitRows): CommitTexts =>
  Object.fromEntries(
    commitLists.flatMap((list) => (rows[list].length === 0 ? [] : [[list, JSON.stringify(rows[list]).slice(1, -1)]])),
  );

/**
 * The statements that carry out commits of different ledgers in one batch: one for each list with rows.
 * @param commits together no longer than one parameter may be
 */
export const joinedStatements = (
  database: D1Database,
  commits: readonly CommitTexts[],
): readonly D1PreparedStatement[] =>
  commitLists.flatMap((list) => {
    const texts = commits.flatMap((commit) => commit[list] ?? []);
    return texts.length === 0 ? [] : statements[list].prepare(database, { rows: `[${texts.join(",")}]` });
  });

let version: string | null = null;

/**
 * Identifies what is done with a commit's texts. Different versions of the service may join their commits only if this
 * is equal.
 */
export function commitVersion(drizzle: DrizzleD1Database): string {
  version ??= sha256Hex(commitLists.map((list) => `${list}: ${statements[list].text(drizzle)}`).join("\n"));
  return version;
}

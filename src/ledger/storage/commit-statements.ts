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

/** A statement that is carried out for each row of a list. */
interface RowStatement<Row> {
  readonly prepare: Prepare<"rows">;
  readonly text: (drizzle: DrizzleD1Database) => string;
  /** Never there: keeps the type of the rows. */
  readonly row?: Row;
}

/** @param build has the property names of the rows, and the parameter `rows` */
const forRows = <Row>(
  build: (drizzle: DrizzleD1Database, say: (property: keyof Row & string) => SQL) => { toSQL(): Query },
): RowStatement<Row> => ({
  prepare: builtOnce<"rows">((drizzle) => build(drizzle, said)),
  text: (drizzle) => build(drizzle, said).toSQL().sql,
});

const inserted = <Table extends SQLiteTable>(table: Table): RowStatement<Table["$inferInsert"]> =>
  forRows((drizzle) => drizzle.insert(table).select(rowsFromJson(table, "rows")));

/** Fails the whole transaction when `isWrong` is true of a row: nothing is ever stored in `refusals`. */
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
 * What is done with each list of a commit, in this order: the entries come before the checks, so that a tenant who is not
 * at home is refused for that and nothing else. A row says itself whose it is, so that a list may be of many ledgers; a
 * ledger, lot, coupon or exchange is in each list once.
 */
const statements = {
  /** The key refuses a writer who has missed an entry, and a trigger one who has missed what it says. */
  entries: inserted(ledgerEntries),
  /** Heads that ledgers must have; a ledger that is not there has an empty one. */
  followed: refused<Pick<LedgerRow, KeyOfLedger | "hash">>("the ledger has moved on", (drizzle, say) => {
    const head = drizzle
      .select({ hash: ledgers.hash })
      .from(ledgers)
      .where(isAsSaid(ledgers, "tenant", "customerId"));
    return sql`${say("hash")} <> coalesce(${head}, '')`;
  }),
  /**
   * What exchanges were priced by. An option's version alone does not tell it, because a deleted option can be created
   * again.
   */
  terms: refused<Pick<OptionRow, "tenant" | "id" | "version" | "createdAt">>(
    "the option has changed",
    (drizzle) => sql`not ${isThere(drizzle, redeemOptions, "tenant", "id", "version", "createdAt")}`,
  ),
  /** States that exchanges are in before their steps. */
  states: refused<Pick<ExchangeRow, KeyOfExchange | "state">>(
    "the exchange has gone another way",
    (drizzle) => sql`not ${isThere(drizzle, exchanges, "tenant", "customerId", "exchangeId", "state")}`,
  ),
  /** Ledgers that begin with this commit. */
  openings: inserted(ledgers),
  /** Where all other ledgers stand after it. */
  standings: forRows<Pick<LedgerRow, KeyOfLedger | "sequence" | "hash" | "points" | "owed" | "absorbed">>(
    (drizzle, say) =>
      drizzle
        .update(ledgers)
        .set({
          sequence: say("sequence"),
          hash: say("hash"),
          points: say("points"),
          owed: say("owed"),
          absorbed: say("absorbed"),
        })
        .from(rowsIn("rows"))
        .where(isAsSaid(ledgers, "tenant", "customerId")),
  ),
  lots: inserted(lots),
  /** Points that are taken from lots; below zero what comes back. */
  uses: forRows<Pick<LotRow, KeyOfLot> & { readonly taken: number }>((drizzle, say) =>
    drizzle
      .update(lots)
      .set({ usedPoints: sql`${lots.usedPoints} + ${say("taken")}` })
      .from(rowsIn("rows"))
      .where(isAsSaid(lots, "tenant", "customerId", "lotId")),
  ),
  usages: inserted(lotUsages),
  lapses: forRows<Pick<LotRow, KeyOfLot | "lapsedPoints">>((drizzle, say) =>
    drizzle
      .update(lots)
      .set({ lapsedPoints: say("lapsedPoints") })
      .from(rowsIn("rows"))
      .where(isAsSaid(lots, "tenant", "customerId", "lotId")),
  ),
  coupons: inserted(coupons),
  /** Coupons that are taken out of use. A trigger refuses those that have been used. */
  givenBack: forRows<Pick<CouponRow, "tenant" | "canonicalCode" | "issuedTo" | "givenBackAt">>((drizzle, say) =>
    drizzle
      .update(coupons)
      .set({ givenBackAt: say("givenBackAt"), deletedAt: say("givenBackAt") })
      .from(rowsIn("rows"))
      // The plus keeps SQLite from going along an index of all the customer's coupons.
      .where(
        sql`${isAsSaid(coupons, "tenant", "canonicalCode")} and ${eq(sql`+${coupons.issuedTo}`, say("issuedTo"))}`,
      ),
  ),
  exchanges: inserted(exchanges),
  /** A trigger refuses ways that no exchange goes. */
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

/** In the order in which they are carried out. */
export const commitLists = Object.keys(statements) as readonly CommitList[];

/** The statements that carry out a commit, in one batch: one for each list that has rows, or more if they are long. */
export const commitStatements = (database: D1Database, rows: CommitRows): readonly D1PreparedStatement[] =>
  commitLists.flatMap((list) =>
    inParameters(rows[list]).map((parameter) => statements[list].prepare(database, { rows: parameter })),
  );

/** A commit's rows as JSON, by list: commas between them and no brackets around, so that several commits can be joined. */
export type CommitTexts = { readonly [List in CommitList]?: string };

export const textsOf = (rows: CommitRows): CommitTexts =>
  Object.fromEntries(
    commitLists.flatMap((list) => (rows[list].length === 0 ? [] : [[list, JSON.stringify(rows[list]).slice(1, -1)]])),
  );

/**
 * The statements that carry out commits of different ledgers in one batch: one for each list that has rows.
 * @param commits no longer than a parameter, all together
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

/** Tells whether somebody else, who may run another version of the service, does the same with a commit's texts. */
export function commitVersion(drizzle: DrizzleD1Database): string {
  version ??= sha256Hex(commitLists.map((list) => `${list}: ${statements[list].text(drizzle)}`).join("\n"));
  return version;
}

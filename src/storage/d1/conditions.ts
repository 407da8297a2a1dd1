import { and, eq, type SQL, sql } from "drizzle-orm";
import type { LedgerKey } from "../../domain/decide.ts";
import {
  type exchanges,
  type ledgerEntries,
  type ledgerFindings,
  type ledgers,
  lots,
  type lotUsages,
} from "./schema.ts";

type OwnedTable =
  | typeof ledgers
  | typeof ledgerEntries
  | typeof lots
  | typeof lotUsages
  | typeof exchanges
  | typeof ledgerFindings;

/** Rows of one customer. */
export const ownedBy = (table: OwnedTable, key: LedgerKey): SQL | undefined =>
  and(eq(table.tenant, key.tenant), eq(table.customerId, key.customerId));

/** Lots of which something is left that has not lapsed: written as the indexes have it, which are not found otherwise. */
export const hasPointsLeft: SQL = sql`${lots.points} > ${lots.usedPoints} + ${lots.lapsedPoints}`;

/** A list as one parameter: D1 allows a hundred of them a statement. */
export const jsonList = (values: readonly (string | number)[]): SQL =>
  sql`(select value from json_each(${JSON.stringify(values)}))`;

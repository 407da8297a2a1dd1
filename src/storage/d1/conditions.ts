import { and, eq, type SQL, sql } from "drizzle-orm";
import type { LedgerKey } from "../../domain/decide.ts";
import type { exchanges, ledgerEntries, ledgerFindings, ledgers, lots, lotUsages } from "./schema.ts";

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

/** A list as one parameter: D1 allows a hundred of them a statement. */
export const jsonList = (values: readonly (string | number)[]): SQL =>
  sql`(select value from json_each(${JSON.stringify(values)}))`;

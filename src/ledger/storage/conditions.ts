import { and, eq, type Placeholder, type SQL, sql } from "drizzle-orm";
import { compareStored } from "../../tenants/storage/tenant-databases.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { exchanges } from "./coupon-tables.ts";
import { ledgerEntries, type ledgerFindings, type ledgers, lots, type lotUsages } from "./tables.ts";

/** {@link compareStored} for ledgers: by tenant, then by customer. */
export const compareKeys = (left: LedgerKey, right: LedgerKey): number =>
  compareStored(left.tenant, right.tenant) || compareStored(left.customerId, right.customerId);

type OwnedTable =
  | typeof ledgers
  | typeof ledgerEntries
  | typeof lots
  | typeof lotUsages
  | typeof exchanges
  | typeof ledgerFindings;

/** Rows of one customer. */
export const ownedBy = (table: OwnedTable, key: LedgerKey | Record<keyof LedgerKey, Placeholder>): SQL | undefined =>
  and(eq(table.tenant, key.tenant), eq(table.customerId, key.customerId));

/**
 * Lots with points that are neither used nor entered as expired. Must repeat the indexes' condition word for word, or
 * SQLite does not use them.
 */
export const hasPointsLeft: SQL = sql`${lots.points} > ${lots.usedPoints} + ${lots.expiredPoints}`;

/**
 * Reversals that forgave something: points that they neither found nor left owed or absorbed. Must repeat the index's
 * condition word for word, or SQLite does not use it.
 */
export const isForgiving: SQL = sql`${ledgerEntries.kind} = 'reversed' and ${ledgerEntries.requestedPoints}
  > ${ledgerEntries.points} + ${ledgerEntries.expiredPoints} + ${ledgerEntries.owedChange} + ${ledgerEntries.absorbedChange}`;

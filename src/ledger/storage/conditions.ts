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

/** Lots of which something is left that has not lapsed: written as the indexes have it, which are not found otherwise. */
export const hasPointsLeft: SQL = sql`${lots.points} > ${lots.usedPoints} + ${lots.lapsedPoints}`;

/**
 * Take-backs of which something was forgiven: it was neither there to be taken nor made a debt. Written as the index has
 * it, which is not found otherwise.
 */
export const isForgiving: SQL = sql`${ledgerEntries.kind} = 'taken-back' and ${ledgerEntries.requestedPoints}
  > ${ledgerEntries.points} + ${ledgerEntries.lapsedPoints} + ${ledgerEntries.owedChange} + ${ledgerEntries.absorbedChange}`;

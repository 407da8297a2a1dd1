import { count, eq, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import type { SummaryPage, SummaryReader } from "../../application/ports.ts";
import type { CustomerSummary, GrantedPoints, RedeemedPoints } from "../../application/summary.ts";
import type { LedgerKey } from "../../domain/decide.ts";
import type { Entry } from "../../domain/entry.ts";
import type { CustomerId, EntryId, TenantId } from "../../domain/identifiers.ts";
import { isActive } from "../../domain/lot.ts";
import type { EpochMs } from "../../domain/time.ts";
import { answeredRead } from "./answered.ts";
import { ledgerEntries, ledgers, lots, lotUsages } from "./schema.ts";

/** Journal rows read at a time: a few hundred kilobytes. */
const rowsPerRead = 2_000;

/** Which customers to read, by id. */
interface CustomerRange {
  /** Inclusive. */
  readonly from: string;
  /** Inclusive; null = to the end. */
  readonly to: string | null;
}

interface JournalRow {
  readonly customerId: CustomerId;
  readonly sequence: number;
  readonly kind: Exclude<Entry["kind"], "erased">;
  readonly entryId: EntryId;
  readonly points: number;
  readonly balanceAfter: number;
  readonly createdAt: EpochMs;
  readonly validUntil: EpochMs | null;
  readonly referenceId: string | null;
  readonly description: string | null;
  readonly usedPoints: number | null;
  /** JSON array of redemption ids; null when nothing was used. */
  readonly usedWith: string | null;
  /** Points below zero; of the customer, and the same in every row. */
  readonly owed: number | null;
}

/** Histories out of D1. */
export class D1SummaryReader implements SummaryReader {
  readonly #drizzle: DrizzleD1Database;

  constructor(database: D1Database) {
    this.#drizzle = drizzle(database);
  }

  async ofCustomer(key: LedgerKey, now: EpochMs): Promise<CustomerSummary | null> {
    const { tenant, customerId } = key;
    for await (const summary of this.#summaries(tenant, { from: customerId, to: customerId }, now)) return summary;
    return null;
  }

  async *ofTenant(tenant: TenantId, page: SummaryPage | null, now: EpochMs): AsyncIterable<CustomerSummary> {
    const range = page === null ? { from: "", to: null } : await this.#rangeOf(tenant, page);
    if (range !== null) yield* this.#summaries(tenant, range, now);
  }

  async countCustomers(tenant: TenantId): Promise<number> {
    const rows = await answeredRead(() =>
      this.#drizzle.select({ count: count() }).from(ledgers).where(eq(ledgers.tenant, tenant)).execute(),
    );
    return rows[0]?.count ?? 0;
  }

  /** The customers of a page; null when it is empty. */
  async #rangeOf(tenant: TenantId, { pageNumber, pageSize }: SummaryPage): Promise<CustomerRange | null> {
    const rows = await answeredRead(() =>
      this.#drizzle
        .select({ customerId: ledgers.customerId })
        .from(ledgers)
        .where(eq(ledgers.tenant, tenant))
        .orderBy(ledgers.customerId)
        .limit(pageSize)
        .offset((pageNumber - 1) * pageSize)
        .execute(),
    );
    const [first, last] = [rows[0], rows.at(-1)];
    return first === undefined || last === undefined ? null : { from: first.customerId, to: last.customerId };
  }

  /**
   * One summary after another, by customer id. A customer's rows always come out of one statement, so that each
   * summary is consistent; a customer with more rows than are read at a time is read again with a larger limit.
   */
  async *#summaries(tenant: TenantId, range: CustomerRange, now: EpochMs): AsyncIterable<CustomerSummary> {
    let after = "";
    let limit = rowsPerRead;
    for (;;) {
      const rows = await this.#read(tenant, range, after, limit);
      const customers = Map.groupBy(rows, (row) => row.customerId);
      const isLastRead = rows.length < limit;
      const cutOff = isLastRead ? undefined : rows.at(-1)?.customerId;
      if (cutOff !== undefined && customers.size === 1) {
        limit *= 4;
        continue;
      }
      for (const [customerId, journal] of customers) {
        if (customerId === cutOff) break;
        yield summaryOf(customerId, journal, now);
        after = customerId;
      }
      if (isLastRead) return;
      limit = rowsPerRead;
    }
  }

  #read(tenant: TenantId, range: CustomerRange, after: string, limit: number): Promise<JournalRow[]> {
    return answeredRead(() =>
      this.#drizzle.all<JournalRow>(sql`
        select e.customer_id as customerId, e.sequence, e.kind, e.entry_id as entryId, e.points,
          e.balance_after as balanceAfter, e.created_at as createdAt, e.valid_until as validUntil,
          e.reference_id as referenceId, e.description, l.used_points as usedPoints,
          case when l.used_points > 0 then (
            select json_group_array(u.redemption_id order by u.sequence) from ${lotUsages} u
            where u.tenant = e.tenant and u.customer_id = e.customer_id and u.lot_id = e.entry_id
          ) end as usedWith,
          g.owed
        from ${ledgerEntries} e
        left join ${lots} l on l.tenant = e.tenant and l.customer_id = e.customer_id and l.lot_id = e.entry_id
        left join ${ledgers} g on g.tenant = e.tenant and g.customer_id = e.customer_id
        where e.tenant = ${tenant} and e.customer_id >= ${range.from}
          and e.customer_id > ${after} and (${range.to} is null or e.customer_id <= ${range.to})
        order by e.customer_id, e.sequence
        limit ${limit}`),
    );
  }
}

/** In which list of a summary each kind of entry is shown; null: in none. */
const listOfKind: Readonly<Record<JournalRow["kind"], "granted" | "redeemed" | null>> = {
  opened: null,
  granted: "granted",
  refunded: "granted",
  redeemed: "redeemed",
  "taken-back": "redeemed",
  settled: "redeemed",
  "given-back": null,
  // The contract's lists tell it by the lot's end.
  lapsed: null,
};

function summaryOf(customerId: CustomerId, journal: readonly JournalRow[], now: EpochMs): CustomerSummary {
  const oldestFirst = journal.toSorted(
    (left, right) => left.createdAt - right.createdAt || left.sequence - right.sequence,
  );
  const granted = oldestFirst.filter((row) => listOfKind[row.kind] === "granted").map(grantedOf);
  const redeemed = oldestFirst.filter((row) => listOfKind[row.kind] === "redeemed").map(redeemedOf);
  const unused = granted.filter((lot) => isActive(lot, now)).reduce((sum, lot) => sum + lot.points - lot.usedPoints, 0);
  return { customerId, activePoints: unused - (journal[0]?.owed ?? 0), granted, redeemed };
}

const redeemedOf = ({ entryId: id, description, points, createdAt, balanceAfter }: JournalRow): RedeemedPoints => ({
  id,
  description,
  points,
  createdAt,
  balanceAfter,
});

const grantedOf = (row: JournalRow): GrantedPoints => ({
  ...redeemedOf(row),
  referenceId: row.referenceId,
  validUntil: row.validUntil,
  usedPoints: row.usedPoints ?? 0,
  usedWith: row.usedWith === null ? [] : (JSON.parse(row.usedWith) as EntryId[]),
});

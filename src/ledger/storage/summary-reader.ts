import type { SummaryPage } from "../../platform/requests/page.ts";
import { answeredRead } from "../../platform/storage/answered.ts";
import type { CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { SummaryReader } from "../use-cases/ports.ts";
import type { SummaryFormat, SummaryText } from "../use-cases/summary.ts";
import {
  customersPerPageMax,
  type EntryRow,
  isLastPage,
  type OneRow,
  type PageRow,
  summaryStatements,
} from "./summary-statements.ts";

/** Sorts before every customer's id. */
const beforeAll = "";

interface ReadPage {
  readonly rows: readonly PageRow[];
  readonly isLast: boolean;
}

/** Reads histories from D1. SQLite writes their JSON, and this passes it on unchanged. */
export class D1SummaryReader implements SummaryReader {
  readonly #database: D1Database;

  constructor(database: D1Database) {
    this.#database = database;
  }

  async ofCustomer(
    { tenant, customerId }: LedgerKey,
    format: SummaryFormat,
    now: EpochMs,
  ): Promise<SummaryText | null> {
    const [row] = await this.#rows<OneRow>(summaryStatements(format).one, tenant, customerId, now);
    if (row === undefined) return null;
    return row[0] ?? this.#long(tenant, customerId, format, now);
  }

  /** Reads the next page while the caller takes the current one. */
  async *ofTenant(
    tenant: TenantId,
    page: SummaryPage | null,
    format: SummaryFormat,
    now: EpochMs,
  ): AsyncIterable<SummaryText> {
    const start = page === null ? beforeAll : await this.#customerBefore(tenant, page);
    if (start === null) return;
    const { page: statement } = summaryStatements(format);
    const read = async (after: string, wanted: number): Promise<ReadPage> => {
      const limit = Math.min(customersPerPageMax, wanted);
      const rows = await this.#rows<PageRow>(statement, tenant, after, now, limit);
      rows.sort(([, , , left], [, , , right]) => left - right);
      return { rows, isLast: isLastPage(rows, limit) };
    };
    let wanted = page?.pageSize ?? Number.POSITIVE_INFINITY;
    let next: Promise<ReadPage> | null = read(start, wanted);
    while (next !== null) {
      const { rows, isLast }: ReadPage = await next;
      wanted -= rows.length;
      const last: string | undefined = rows.at(-1)?.[0];
      next = last === undefined || isLast || wanted === 0 ? null : read(last, wanted);
      // The caller may stop before this page. A caller that goes on still gets its failure.
      next?.catch(() => {});
      yield* this.#texts(tenant, rows, format, now);
    }
  }

  async countCustomers(tenant: TenantId): Promise<number> {
    const [row] = await this.#rows<[number]>("select count(*) from ledgers where tenant = ?1", tenant);
    return row?.[0] ?? 0;
  }

  async hasCustomer({ tenant, customerId }: LedgerKey): Promise<boolean> {
    const statement = "select 1 from ledgers where tenant = ?1 and customer_id = ?2";
    return (await this.#rows<[number]>(statement, tenant, customerId)).length > 0;
  }

  /** The last customer before a page; null when there is no such page. */
  async #customerBefore(tenant: TenantId, { pageNumber, pageSize }: SummaryPage): Promise<string | null> {
    if (pageNumber === 1) return beforeAll;
    const statement = "select customer_id from ledgers where tenant = ?1 order by customer_id limit 1 offset ?2";
    const [row] = await this.#rows<[string]>(statement, tenant, (pageNumber - 1) * pageSize - 1);
    return row?.[0] ?? null;
  }

  /** A page's summaries in as few texts as possible: successive summaries that came with the page are one text. */
  async *#texts(
    tenant: TenantId,
    rows: readonly PageRow[],
    format: SummaryFormat,
    now: EpochMs,
  ): AsyncIterable<SummaryText> {
    let texts: string[] = [];
    for (const [customerId, , text] of rows) {
      if (text !== null) {
        texts.push(text);
        continue;
      }
      if (texts.length > 0) yield texts.join();
      texts = [];
      const long = await this.#long(tenant, customerId as CustomerId, format, now);
      if (long !== null) yield long;
    }
    if (texts.length > 0) yield texts.join();
  }

  /** The summary of a customer whose text is too long for one row; null when the customer was erased meanwhile. */
  async #long(
    tenant: TenantId,
    customerId: CustomerId,
    format: SummaryFormat,
    now: EpochMs,
  ): Promise<SummaryText | null> {
    const statements = summaryStatements(format);
    const rows = await this.#rows<EntryRow>(statements.entries, tenant, customerId, now);
    return rows.length === 0 ? null : statements.join(customerId, rows);
  }

  #rows<Row extends readonly unknown[]>(statement: string, ...values: readonly (string | number)[]): Promise<Row[]> {
    return answeredRead(() =>
      this.#database
        .prepare(statement)
        .bind(...values)
        .raw<Row & unknown[]>(),
    );
  }
}

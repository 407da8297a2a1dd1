import type { SummaryPage } from "../../platform/requests/page.ts";
import type { TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { SummaryReader } from "../use-cases/ports.ts";
import type { SummaryFormat, SummaryText } from "../use-cases/summary.ts";
import { D1SummaryReader } from "./summary-reader.ts";

/**
 * Reads histories from each tenant's database. What concerns one customer comes from the primary: it must show a grant
 * or an exchange that has just been confirmed. Exports and counts come from a replica nearby. One session reads all pages
 * of an export, so that a later page is never older than an earlier one.
 */
export class TenantSummaries implements SummaryReader {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  ofCustomer(key: LedgerKey, format: SummaryFormat, now: EpochMs): Promise<SummaryText | null> {
    return new D1SummaryReader(this.#databases.of(key.tenant)).ofCustomer(key, format, now);
  }

  ofTenant(
    tenant: TenantId,
    page: SummaryPage | null,
    format: SummaryFormat,
    now: EpochMs,
  ): AsyncIterable<SummaryText> {
    return new D1SummaryReader(this.#databases.replicaOf(tenant)).ofTenant(tenant, page, format, now);
  }

  hasCustomer(key: LedgerKey): Promise<boolean> {
    return new D1SummaryReader(this.#databases.of(key.tenant)).hasCustomer(key);
  }

  countCustomers(tenant: TenantId): Promise<number> {
    return new D1SummaryReader(this.#databases.replicaOf(tenant)).countCustomers(tenant);
  }
}

import { eq } from "drizzle-orm";
import type { FindingStore, SweepPosition } from "../../application/ports.ts";
import type { Finding } from "../../domain/audit.ts";
import type { LedgerKey } from "../../domain/decide.ts";
import type { CustomerId, TenantId } from "../../domain/identifiers.ts";
import type { EpochMs } from "../../domain/time.ts";
import { answered, answeredRead } from "./answered.ts";
import { sweeps } from "./schema.ts";
import type { TenantDatabases } from "./tenant-databases.ts";

/** Findings of one kind that are kept of a ledger; the first ones tell what is wrong. */
const findingsOfKindMax = 100;

/** What is found of one entry, or of none, shares a row: this much of it is told there. */
const messageCharactersMax = 20_000;

/** What the sweep is called that verifies all ledgers. */
export const verificationSweep = "verification";

/** A ledger that was erased while it was audited leaves no finding, which nobody would remove any more. */
const isStillThere = `(
  exists (select 1 from ledgers where tenant = ?1 and customer_id = ?2)
  or exists (select 1 from ledger_entries where tenant = ?1 and customer_id = ?2)
  or exists (select 1 from lots where tenant = ?1 and customer_id = ?2)
  or exists (select 1 from lot_usages where tenant = ?1 and customer_id = ?2)
  or exists (select 1 from exchanges where tenant = ?1 and customer_id = ?2)
  or exists (select 1 from coupons indexed by coupons_by_customer where tenant = ?1 and issued_to = ?2)
)`;

/** What audits have found, in D1. */
export class D1FindingStore implements FindingStore {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  async keep(key: LedgerKey, findings: readonly Finding[], at: EpochMs): Promise<void> {
    const byKind = Map.groupBy(findings, ({ kind }) => kind);
    const rows = [...byKind.values()].flatMap((ofKind) => ofKind.slice(0, findingsOfKindMax));
    await answered(
      this.#databases
        .of(key.tenant)
        .prepare(
          `insert into ledger_findings
            (tenant, customer_id, kind, sequence, message, first_found_at, last_found_at)
          select ?1, ?2, value ->> 'kind', coalesce(value ->> 'sequence', 0), value ->> 'message', ?3, ?3
          from json_each(?4) where ${isStillThere}
          on conflict do update set
            message = iif(
              instr(message, excluded.message) > 0 or length(message) > ?5,
              message, message || ' ' || excluded.message
            ),
            last_found_at = excluded.last_found_at`,
        )
        .bind(key.tenant, key.customerId, at, JSON.stringify(rows), messageCharactersMax)
        .run(),
    );
  }

  async position(): Promise<SweepPosition | null> {
    const [row] = await answeredRead(() =>
      this.#databases.shared.drizzle.select().from(sweeps).where(eq(sweeps.name, verificationSweep)).execute(),
    );
    if (row === undefined) return null;
    const { tenant, customerId } = row;
    return {
      after: tenant === "" ? null : { tenant: tenant as TenantId, customerId: customerId as CustomerId },
      roundStartedAt: row.roundStartedAt,
    };
  }

  async moveTo({ after, roundStartedAt }: SweepPosition, updatedAt: EpochMs): Promise<void> {
    const place = { tenant: after?.tenant ?? "", customerId: after?.customerId ?? "", roundStartedAt, updatedAt };
    await answered(
      this.#databases.shared.drizzle
        .insert(sweeps)
        .values({ name: verificationSweep, ...place })
        .onConflictDoUpdate({ target: sweeps.name, set: place })
        .execute(),
    );
  }
}

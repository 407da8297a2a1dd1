import { and, eq, exists, or, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import type { LedgerKey } from "../../ledger/rules/ledger-key.ts";
import { coupons, exchanges } from "../../ledger/storage/coupon-tables.ts";
import { ledgerEntries, ledgerFindings, ledgers, lots, lotUsages, sweeps } from "../../ledger/storage/tables.ts";
import { verificationSweep } from "../../ledger/use-cases/verification-sweep.ts";
import { answered, answeredRead } from "../../platform/storage/answered.ts";
import { builtOnce } from "../../platform/storage/built-once.ts";
import { along } from "../../platform/storage/conditions.ts";
import { rowsFromJson } from "../../platform/storage/json-rows.ts";
import type { CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { Finding } from "../rules/audit.ts";
import type { FindingStore, SweepPosition } from "../use-cases/ports.ts";

/** How many findings of one kind are stored for a ledger. The first ones show what is wrong. */
const findingsOfKindMax = 100;

/** Messages about the same entry, or about none, share a row. Beyond this length, none is added. */
const messageCharactersMax = 20_000;

/** Whose findings are stored. */
const given = { tenant: sql.placeholder("tenant"), customerId: sql.placeholder("customerId") };

/** A ledger that is erased while it is verified must leave no finding, because nothing would remove it. */
function isStillThere(drizzle: DrizzleD1Database): SQL {
  const found = { found: sql`1` };
  const owned = [ledgers, ledgerEntries, lots, lotUsages, exchanges].map((table) => {
    const isOwn = and(eq(table.tenant, given.tenant), eq(table.customerId, given.customerId));
    return exists(drizzle.select(found).from(table).where(isOwn));
  });
  const issued = and(eq(coupons.tenant, given.tenant), eq(coupons.issuedTo, given.customerId));
  return (
    or(...owned, exists(drizzle.select(found).from(along(coupons, "coupons_by_customer")).where(issued))) ?? sql`false`
  );
}

/** Adds findings. A new message about the same entry is appended to the earlier ones. */
const findingsKept = builtOnce<"rows" | "tenant" | "customerId">((drizzle) => {
  const { message, lastFoundAt, tenant, customerId, kind, sequence } = ledgerFindings;
  const told = sql`excluded.message`;
  return drizzle
    .insert(ledgerFindings)
    .select(rowsFromJson(ledgerFindings, "rows", isStillThere(drizzle)))
    .onConflictDoUpdate({
      target: [tenant, customerId, kind, sequence],
      set: {
        message: sql`iif(instr(${message}, ${told}) > 0 or length(${message}) > ${messageCharactersMax},
          ${message}, ${message} || ' ' || ${told})`,
        lastFoundAt: sql`excluded.${sql.identifier(lastFoundAt.name)}`,
      },
    });
});

/** Findings of verifications, in D1. */
export class D1FindingStore implements FindingStore {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  async keep(key: LedgerKey, findings: readonly Finding[], at: EpochMs): Promise<void> {
    const byKind = Map.groupBy(findings, ({ kind }) => kind);
    const rows = [...byKind.values()].flatMap((ofKind) =>
      ofKind.slice(0, findingsOfKindMax).map(({ kind, sequence, message }) => ({
        ...key,
        kind,
        sequence: sequence ?? 0,
        message,
        firstFoundAt: at,
        lastFoundAt: at,
      })),
    );
    const { tenant, customerId } = key;
    const database = this.#databases.of(tenant);
    await answered(findingsKept(database, { rows: JSON.stringify(rows), tenant, customerId }).run());
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

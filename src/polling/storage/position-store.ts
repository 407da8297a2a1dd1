import { and, eq, sql } from "drizzle-orm";
import { answeredRead, answeredWrite } from "../../platform/storage/answered.ts";
import type { TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { Source } from "../rules/change.ts";
import type { PositionStore } from "../use-cases/ports.ts";
import { pollPositions } from "./tables.ts";

/** Positions in D1. */
export class D1PositionStore implements PositionStore {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  async find(tenant: TenantId, source: Source): Promise<EpochMs | null> {
    const [row] = await answeredRead(() =>
      this.#databases
        .drizzleOf(tenant)
        .select({ position: pollPositions.position })
        .from(pollPositions)
        .where(and(eq(pollPositions.tenant, tenant), eq(pollPositions.source, source)))
        .execute(),
    );
    return row?.position ?? null;
  }

  async advance(tenant: TenantId, source: Source, to: EpochMs, at: EpochMs): Promise<void> {
    const latest = sql`max(${pollPositions.position}, excluded.position)`;
    await answeredWrite(
      this.#databases
        .drizzleOf(tenant)
        .insert(pollPositions)
        .values({ tenant, source, position: to, updatedAt: at })
        .onConflictDoUpdate({
          target: [pollPositions.tenant, pollPositions.source],
          set: { position: latest, updatedAt: at },
        })
        .execute(),
    );
  }
}

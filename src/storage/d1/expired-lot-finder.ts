import { and, isNotNull, lte, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import type { ExpiredLotFinder, UnpostedLot } from "../../application/ports.ts";
import type { CustomerId, EntryId, TenantId } from "../../domain/identifiers.ts";
import type { EpochMs } from "../../domain/time.ts";
import { answeredRead } from "./answered.ts";
import { hasPointsLeft } from "./conditions.ts";
import { lots } from "./schema.ts";

/** Expired lots in D1. */
export class D1ExpiredLotFinder implements ExpiredLotFinder {
  readonly #drizzle: DrizzleD1Database;

  constructor(database: D1Database) {
    this.#drizzle = drizzle(database);
  }

  async find(by: EpochMs, after: UnpostedLot | null, limit: number): Promise<readonly UnpostedLot[]> {
    const { tenant, customerId, lotId, validUntil } = lots;
    const isLater =
      after === null
        ? undefined
        : sql`(${validUntil}, ${tenant}, ${customerId}, ${lotId}) >
            (${after.validUntil}, ${after.key.tenant}, ${after.key.customerId}, ${after.id})`;
    const rows = await answeredRead(() =>
      this.#drizzle
        .select({ tenant, customerId, lotId, validUntil })
        .from(lots)
        .where(
          and(
            // `lte` implies it, but the index is found only by its own words.
            isNotNull(validUntil),
            hasPointsLeft,
            lte(validUntil, by),
            isLater,
          ),
        )
        .orderBy(validUntil, tenant, customerId, lotId)
        .limit(limit)
        .execute(),
    );
    return rows.map((row) => ({
      key: { tenant: row.tenant as TenantId, customerId: row.customerId as CustomerId },
      id: row.lotId as EntryId,
      validUntil: (row.validUntil ?? 0) as EpochMs,
    }));
  }
}

import { and, desc, isNotNull, lte, sql } from "drizzle-orm";
import { answeredRead } from "../../platform/storage/answered.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { isHere } from "../../tenants/storage/at-home.ts";
import { compareStored, type TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { ExpiredLotFinder, UnpostedLot } from "../use-cases/ports.ts";
import { compareKeys, hasPointsLeft } from "./conditions.ts";
import { lots } from "./tables.ts";

/** Finds expired lots in D1. */
export class D1ExpiredLotFinder implements ExpiredLotFinder {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  async find(by: EpochMs, after: UnpostedLot | null, limit: number): Promise<readonly UnpostedLot[]> {
    const { tenant, customerId, lotId, validUntil } = lots;
    const isEarlier =
      after === null
        ? undefined
        : sql`(${validUntil}, ${tenant}, ${customerId}, ${lotId}) <
            (${after.validUntil}, ${after.key.tenant}, ${after.key.customerId}, ${after.id})`;
    return this.#databases.firstOfAll(limit, byEnd, async ({ drizzle }) => {
      const rows = await answeredRead(() =>
        drizzle
          .select({ tenant, customerId, lotId, validUntil })
          .from(lots)
          .where(
            and(
              // `lte` implies this, but SQLite uses the index only for its condition word for word.
              isNotNull(validUntil),
              hasPointsLeft,
              lte(validUntil, by),
              isEarlier,
              isHere(tenant),
            ),
          )
          .orderBy(desc(validUntil), desc(tenant), desc(customerId), desc(lotId))
          .limit(limit)
          .execute(),
      );
      return rows.map((row) => ({
        key: { tenant: row.tenant, customerId: row.customerId },
        id: row.lotId,
        validUntil: (row.validUntil ?? 0) as EpochMs,
      }));
    });
  }
}

const byEnd = (left: UnpostedLot, right: UnpostedLot): number =>
  right.validUntil - left.validUntil || compareKeys(right.key, left.key) || compareStored(right.id, left.id);

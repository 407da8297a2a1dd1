import type { EntryId } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import { addCalendarMonths, type EpochMs } from "../../platform/values/time.ts";
import type { LedgerFailure } from "./failure.ts";
import type { Points } from "./points.ts";

/** Points to grant, as the request describes them. */
export interface Grant {
  /** Null: the command's id becomes the entry's. */
  readonly id: EntryId | null;
  readonly points: Points;
  readonly referenceId: string | null;
  readonly description: string | null;
  /** Null: now. */
  readonly createdAt: EpochMs | null;
  /** Null: `createdAt` plus `validityMonths`. */
  readonly validUntil: EpochMs | null;
  /** The site's validity in calendar months; null: granted points never expire. */
  readonly validityMonths: number | null;
}

export interface GrantPeriod {
  readonly createdAt: EpochMs;
  readonly validUntil: EpochMs | null;
}

/** How far a client's clock may be ahead of the service's. Within this limit, a later date counts as now. */
export const clockAheadMsMax = 60_000;

/**
 * The period in which a grant made at `now` counts. The period may already be over: such a grant is imported history
 * and counts in no balance.
 */
export function grantPeriod(grant: Grant, now: EpochMs): Result<GrantPeriod, LedgerFailure> {
  const given = grant.createdAt ?? now;
  if (given > now + clockAheadMsMax) return refuse({ code: "created_at_in_future" });
  // Never later than the entry itself, so that nothing can be taken from the lot before it exists.
  const createdAt = given > now ? now : given;
  const validUntil =
    grant.validUntil ?? (grant.validityMonths === null ? null : addCalendarMonths(createdAt, grant.validityMonths));
  if (validUntil !== null && validUntil < createdAt) return refuse({ code: "valid_until_before_created_at" });
  return succeed({ createdAt, validUntil });
}

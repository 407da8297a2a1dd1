import { refuse, succeed } from "../../platform/values/result.ts";
import type { Intent } from "./command.ts";
import type { Draft, Writing } from "./draft.ts";
import { activePoints, drawPoints } from "./ledger.ts";
import type { Points } from "./points.ts";

/** Takes points without giving anything for them. */
export function redeem(draft: Draft, redemption: Extract<Intent, { kind: "redeem" }>): Writing {
  const draws = drawPoints(draft.ledger, redemption.points, draft.now);
  if (draws === null) return insufficient(draft, redemption.points);
  const id = draft.entryId(redemption.id);
  draft.append({
    kind: "redeemed",
    id,
    points: redemption.points,
    createdAt: draft.now,
    description: redemption.description,
    draws,
    redeemOptionId: null,
    couponCode: null,
    couponIssuer: null,
    fingerprint: draft.fingerprintFor(redemption.id),
  });
  return succeed({ outcome: { kind: "redeemed", entryId: id } });
}

/** The refusal of a redemption that needs more points than are active. */
export const insufficient = (draft: Draft, requestedPoints: Points): Writing =>
  refuse({
    code: "insufficient_points",
    activePoints: activePoints(draft.ledger, draft.now),
    requestedPoints,
  });

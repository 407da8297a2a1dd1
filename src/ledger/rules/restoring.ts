import type { EntryId } from "../../platform/values/identifiers.ts";
import type { Draft } from "./draft.ts";
import { settleDebt } from "./granting.ts";
import { activePoints, drawUpTo } from "./ledger.ts";
import type { DatedDraw } from "./lot.ts";
import { isActive } from "./lot.ts";
import type { Points } from "./points.ts";
import { type Forgiven, paymentEntryId } from "./returns.ts";

/** Why points come back. */
export interface Origin {
  /** The entry that had taken the points. */
  readonly relatedId: EntryId;
  /** Names what comes back: an entry that brings points back once. That of the entry which had taken them, unless they come back in parts. */
  readonly name: EntryId;
  readonly referenceId: string | null;
  readonly description: string;
}

/**
 * Gives points back: into the lots that they were taken from, so that it does not matter how often they come and go. A
 * lot that has ended meanwhile does not come back alive: its points become a lot of their own, which is over, too.
 * @param draws what the origin's entry still holds of its lots
 * @returns the lots that have the points now
 */
export function restore(draft: Draft, draws: readonly DatedDraw[], origin: Origin): readonly EntryId[] {
  const active = draws.filter((draw) => isActive(draw, draft.now));
  if (active.length > 0) {
    const { relatedId, name, referenceId, description } = origin;
    const id = `restored:${name}` as EntryId;
    const points = active.reduce((sum, draw) => sum + draw.points, 0) as Points;
    const createdAt = draft.now;
    draft.append({ kind: "restored", id, points, createdAt, draws: active, referenceId, description, relatedId });
    settleDebt(draft, id);
  }
  draws.forEach((draw, index) => {
    if (!isActive(draw, draft.now)) refund(draft, draw, index + 1, origin);
  });
  return active.map(({ lotId }) => lotId);
}

/**
 * Gives points back as a lot of their own.
 * @param nth tells the refunds of one origin apart
 * @returns the lot
 */
export function refund(
  draft: Draft,
  { points, validUntil }: Pick<DatedDraw, "points" | "validUntil">,
  nth: number,
  { relatedId, name, referenceId, description }: Origin,
): EntryId {
  const id = `refund:${name}/${nth}` as EntryId;
  draft.append({ kind: "refunded", id, points, createdAt: draft.now, validUntil, referenceId, description, relatedId });
  settleDebt(draft, id);
  return id;
}

/**
 * Has points that came back pay for what was forgiven while they were away: had they been there, they would have been
 * taken. Nothing else pays for what was forgiven.
 * @param forgiven since the points were taken, oldest first
 * @param points how many came back
 * @param into the lots that have them now, which give first
 * @returns what is forgiven now of each
 */
export function payForgiven(
  draft: Draft,
  forgiven: readonly Forgiven[],
  points: number,
  into: readonly EntryId[],
): readonly Forgiven[] {
  let left = points;
  return forgiven.map((one) => {
    const { id, unpaid, payments } = one;
    const wanted = Math.min(left, unpaid, Math.max(0, activePoints(draft.ledger, draft.now)));
    if (wanted === 0) return one;
    const draws = drawUpTo(draft.ledger, wanted as Points, draft.now, into);
    draft.append({
      kind: "settled",
      id: paymentEntryId(id, payments + 1),
      points: wanted as Points,
      createdAt: draft.now,
      draws,
      description: "Forgiven while these points were away",
      relatedId: id,
      debt: { owed: 0, absorbed: 0 },
    });
    left -= wanted;
    return { ...one, unpaid: unpaid - wanted, payments: payments + 1 };
  });
}

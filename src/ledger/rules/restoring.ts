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
  /**
   * Part of the restoring entries' ids, so that points are restored only once: the id of the entry that took them, or
   * of the entry that undoes a part of it if they come back in parts.
   */
  readonly name: EntryId;
  readonly referenceId: string | null;
  readonly description: string;
}

/**
 * Restores points into the lots that they came from, so that lots are not split, however often points come and go.
 * Points of a lot that has expired since become a new lot, which has expired too.
 * @param draws what the origin's entry still holds of its lots
 * @returns the active lots that now hold the points
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
 * Restores points as a new lot.
 * @param nth tells the refunds of one origin apart
 * @returns the id of the lot
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
 * Makes restored points pay for what was forgiven while they were away. Had they been there, they would have been
 * taken. Nothing else pays for what was forgiven.
 * @param forgiven what was forgiven since the points were taken, oldest first
 * @param points how many points came back
 * @param into the lots that now hold them; these give first
 * @returns `forgiven`, with what is still unpaid
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

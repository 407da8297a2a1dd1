import type { Draft } from "./draft.ts";
import { settleDebt } from "./granting.ts";
import type { EntryId } from "./identifiers.ts";
import { isActive } from "./lot.ts";
import type { Points } from "./points.ts";
import type { DatedDraw } from "./returns.ts";

/**
 * Gives points back: into the lots that they were taken from, so that it does not matter how often they come and go. A
 * lot that has ended meanwhile does not come back alive: its points become a lot of their own, which is over, too.
 * @param draws what `relatedId` still holds of its lots
 * @param relatedId the entry that had taken the points; it is restored once
 */
export function restore(
  draft: Draft,
  draws: readonly DatedDraw[],
  relatedId: EntryId,
  referenceId: string | null,
  description: string,
): void {
  const active = draws.filter((draw) => isActive(draw, draft.now));
  if (active.length > 0) {
    const id = `restored:${relatedId}` as EntryId;
    const points = active.reduce((sum, draw) => sum + draw.points, 0) as Points;
    draft.append({
      kind: "restored",
      id,
      points,
      createdAt: draft.now,
      draws: active,
      referenceId,
      description,
      relatedId,
    });
    settleDebt(draft, id);
  }
  draws.forEach((draw, index) => {
    if (!isActive(draw, draft.now)) refund(draft, draw, index + 1, relatedId, referenceId, description);
  });
}

/**
 * Gives points back as a lot of their own.
 * @param nth tells the refunds of one entry apart, counted from 1
 */
export function refund(
  draft: Draft,
  { points, validUntil }: Pick<DatedDraw, "points" | "validUntil">,
  nth: number,
  relatedId: EntryId,
  referenceId: string | null,
  description: string,
): void {
  const id = `refund:${relatedId}/${nth}` as EntryId;
  draft.append({ kind: "refunded", id, points, createdAt: draft.now, validUntil, referenceId, description, relatedId });
  settleDebt(draft, id);
}

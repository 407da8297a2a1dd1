import type { EntryId } from "../../platform/values/identifiers.ts";
import { refuse, succeed } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { OrderAdjustment } from "./command.ts";
import type { Draft, Writing } from "./draft.ts";
import { exceedsBalance, grantOrder } from "./granting.ts";
import { drawUpTo } from "./ledger.ts";
import type { DatedDraw } from "./lot.ts";
import { isActive } from "./lot.ts";
import type { Points } from "./points.ts";
import { payForgiven, refund, restore } from "./restoring.ts";
import {
  correctedEntryId,
  earnedEntryId,
  endOfPaidOff,
  expiredPoints,
  type Forgiven,
  nothingEarned,
  type OrderHistory,
  type PastReversal,
  partsOf,
  reversalEntryId,
  standingOf,
  undoingEntryId,
} from "./returns.ts";

/**
 * Adjusts an order's points to what the order is worth now. What stands is its grants less its reversals. If that is
 * too much, the difference is reversed. If it is too little, reversals are undone first, and the rest is granted.
 * Earlier commands do not matter, only what stands, so a command that is repeated or late does no harm.
 * @param forgiven what was forgiven and is not paid for yet, oldest first; restored points pay for it
 */
export function adjustOrder(
  draft: Draft,
  adjustment: OrderAdjustment,
  history: OrderHistory | null,
  forgiven: readonly Forgiven[],
): Writing {
  const known = history ?? nothingEarned;
  const done = doneBefore(draft, known);
  const before = draft.entries.length;
  const granted = sumOf(known.grants, ({ points }) => points);
  const requested = sumOf(known.reversals, (reversal) => standingOf(reversal).requested);
  // Grant the whole order first, so that the journal shows both what it earned and what its returns took.
  const first = granted === 0 ? Math.max(0, adjustment.earned) : 0;
  const difference = adjustment.kept - (granted + first - requested);
  const more = first + Math.max(0, difference);
  if (more > 0 && exceedsBalance(draft.ledger, more as Points)) return refuse({ code: "balance_limit_exceeded" });
  const isIdle = first === 0 && difference === 0;
  if (!isIdle && !draft.ledger.isOpen) draft.append({ kind: "opened" });

  if (first > 0) grantMore(draft, adjustment, known, first);
  const undone = undoReversals(draft, known, Math.max(0, difference), forgiven, adjustment);
  const rest = Math.max(0, difference) - undone.requested;
  if (rest > 0) grantMore(draft, adjustment, known, rest);
  const taken = difference < 0 ? reverse(draft, adjustment, known, -difference as Points) : 0;

  return succeed({
    outcome: {
      kind: "order-adjusted",
      granted: done.granted + first + rest,
      requested: done.requested + Math.max(0, -difference),
      taken: done.taken + taken,
      restored: done.restored + undone.points,
    },
    isRepetition: draft.entries.length === before,
  });
}

const sumOf = <Item>(items: readonly Item[], amount: (item: Item) => number): number =>
  items.reduce((sum, item) => sum + amount(item), 0);

/** What this command did before, if its answer was lost and it was sent again. */
function doneBefore({ commandId }: Draft, { grants, reversals }: OrderHistory) {
  const isOwn = (past: { readonly commandId: string }): boolean => past.commandId === commandId;
  const undoings = reversals.flatMap((reversal) => reversal.undoings);
  return {
    granted: sumOf(grants.filter(isOwn), ({ points }) => points),
    requested: sumOf(reversals.filter(isOwn), (reversal) => reversal.requestedPoints),
    taken: sumOf(reversals.filter(isOwn), ({ points }) => points),
    restored: sumOf(undoings.filter(isOwn), ({ points }) => points),
  };
}

function grantMore(draft: Draft, adjustment: OrderAdjustment, { grants }: OrderHistory, points: number): void {
  const { orderId } = adjustment;
  const now = draft.entries.filter((entry) => entry.kind === "granted");
  const nth = ownIds([...grants, ...now], earnedEntryId(orderId)).length + 1;
  const isFirst = nth === 1;
  const value = isFirst ? adjustment.value : null;
  const description = isFirst ? `Order ${orderId}` : `Order ${orderId} corrected to ${adjustment.value}`;
  grantOrder(draft, correctedEntryId(orderId, nth), { ...adjustment, value, points: points as Points, description });
}

/** Items whose id is `id`, or starts with `id` and a slash. */
const ownIds = <Item extends { readonly id: string }>(items: readonly Item[], id: string): readonly Item[] =>
  items.filter((item) => item.id === id || item.id.startsWith(`${id}/`));

/** @returns the points that were taken */
function reverse(draft: Draft, adjustment: OrderAdjustment, history: OrderHistory, requested: Points): number {
  const { orderId, returnId, policy, description } = adjustment;
  // Includes what this command has just granted.
  const ownLots = draft.entries.flatMap((entry) => (entry.kind === "granted" ? [entry] : []));
  const grants = [...history.grants, ...ownLots.map((entry) => ({ ...entry, usedPoints: 0 }))];
  const expired = expiredPoints({ ...history, grants }, requested, draft.now);
  const wanted = (requested - expired) as Points;
  const preferred = grants.map(({ id }) => id);
  const draws = drawUpTo(draft.ledger, wanted, draft.now, preferred);
  const points = sumOf(draws, (draw) => draw.points) as Points;
  const missing = wanted - points;
  const nth = ownIds(history.reversals, reversalEntryId(orderId, returnId, 1)).length + 1;
  draft.append({
    kind: "reversed",
    id: reversalEntryId(orderId, returnId, nth),
    points,
    createdAt: draft.now,
    draws,
    description,
    referenceId: orderId,
    relatedId: grants[0]?.id ?? null,
    requestedPoints: requested,
    expiredPoints: expired,
    debt: { owed: policy === "negative" ? missing : 0, absorbed: policy === "absorb" ? missing : 0 },
    returnId,
  });
  return points;
}

/**
 * Undoes reversals, the latest first, until `points` fewer are requested.
 * @param points by how many points to lower what the reversals request
 * @returns by how many points the request was lowered, and how many points came back
 */
function undoReversals(
  draft: Draft,
  { grants, reversals }: OrderHistory,
  points: number,
  forgiven: readonly Forgiven[],
  adjustment: OrderAdjustment,
): { readonly requested: number; readonly points: number } {
  let requested = 0;
  let cameBack = 0;
  // Restored points pay for what other orders' reversals were forgiven in the meantime, never for their own order's.
  let others = forgiven.filter(({ id }) => !reversals.some((own) => own.id === id));
  for (const reversal of reversals.toReversed()) {
    const part = Math.min(points - requested, standingOf(reversal).requested);
    if (part === 0) continue;
    const undone = undo(draft, { grants, reversals }, reversal, part as Points, adjustment);
    const before = others.filter(({ sequence }) => sequence < reversal.sequence);
    const since = others.filter(({ sequence }) => sequence > reversal.sequence);
    others = [...before, ...payForgiven(draft, since, undone.points, undone.into)];
    cameBack += undone.points;
    requested += part;
  }
  return { requested, points: cameBack };
}

/** @returns the points that came back, and the lots that now hold them */
function undo(
  draft: Draft,
  history: OrderHistory,
  reversal: PastReversal,
  part: Points,
  { orderId }: OrderAdjustment,
): { readonly points: number; readonly into: readonly EntryId[] } {
  const standing = standingOf(reversal);
  const [ofMissing, ofTaken, ofExpired] = partsOf(part, standing.missing, standing.taken);
  const { debt } = draft.ledger;
  const owed = Math.min(ofMissing, reversal.debt.owed, debt.owed);
  const absorbed = Math.min(ofMissing - owed, reversal.debt.absorbed, debt.absorbed);
  const paidOff = ofMissing - owed - absorbed - Math.min(ofMissing, standing.unpaid);
  const nth = reversal.undoings.length + 1;
  const id = undoingEntryId(reversal.id, nth);
  draft.append({
    kind: "reversal-undone",
    id,
    points: (paidOff + ofTaken) as Points,
    createdAt: draft.now,
    referenceId: orderId,
    relatedId: reversal.id,
    requestedPoints: part,
    expiredPoints: ofExpired as Points,
    debt: { owed: 0 - owed, absorbed: 0 - absorbed },
  });
  const description = `Less of order ${orderId} is returned`;
  const origin = { relatedId: reversal.id, name: id, referenceId: orderId, description };
  const into = restore(draft, comingBack(reversal, standing.taken, ofTaken, draft.now), origin);
  const points = paidOff + ofTaken;
  if (paidOff === 0) return { points, into };
  const end = endOfPaidOff(history, draft.now);
  return { points, into: [...into, refund(draft, { points: paidOff as Points, validUntil: end }, 0, origin)] };
}

/**
 * Which of a reversal's draws come back: those from active lots first, then those from expired lots, each from the last
 * draw backwards.
 * @param taken the points that the reversal still holds. Its draws may add up to more: restoring points of an expired
 * lot makes a new lot and leaves the draw as it is.
 */
function comingBack({ draws }: PastReversal, taken: number, points: number, now: EpochMs): readonly DatedDraw[] {
  const active = draws.filter((draw) => isActive(draw, now));
  const ended = draws.filter((draw) => !isActive(draw, now));
  const gone = sumOf(draws, (draw) => draw.points) - taken;
  const ofActive = Math.min(
    points,
    sumOf(active, (draw) => draw.points),
  );
  return [...lastOf(active, 0, ofActive), ...lastOf(ended, gone, points - ofActive)];
}

/** The last draws that add up to `points`, after skipping `skipped` points at the end. */
function lastOf(draws: readonly DatedDraw[], skipped: number, points: number): readonly DatedDraw[] {
  let [toSkip, missing] = [skipped, points];
  const chosen: DatedDraw[] = [];
  for (const draw of draws.toReversed()) {
    const left = Math.max(0, draw.points - toSkip);
    toSkip = Math.max(0, toSkip - draw.points);
    const part = Math.min(left, missing);
    if (part > 0) chosen.unshift({ ...draw, points: part as Points });
    missing -= part;
  }
  return chosen;
}

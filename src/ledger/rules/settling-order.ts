import type { EntryId } from "../../platform/values/identifiers.ts";
import { refuse, succeed } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { OrderSettling } from "./command.ts";
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
  type Forgiven,
  lapsedPoints,
  nothingEarned,
  type OrderHistory,
  type PastTakeBack,
  partsOf,
  standingOf,
  takeBackEntryId,
  undoingEntryId,
} from "./returns.ts";

/**
 * Brings what an order has earned into line with what it is worth by now. What stands is the grants less what is taken
 * back of them; the difference is taken back, or given back as far as something was taken, and else granted. Nothing
 * depends on what was asked for before, so that a command that comes again, or late, does no harm.
 * @param forgiven what came back from elsewhere would have to pay for
 */
export function settleOrder(
  draft: Draft,
  settling: OrderSettling,
  history: OrderHistory | null,
  forgiven: readonly Forgiven[],
): Writing {
  const known = history ?? nothingEarned;
  const done = doneBefore(draft, known);
  const before = draft.entries.length;
  const granted = sumOf(known.grants, ({ points }) => points);
  const requested = sumOf(known.takeBacks, (takeBack) => standingOf(takeBack).requested);
  // The order is granted as a whole first, so that the history tells what it has earned and what its returns took.
  const first = granted === 0 ? Math.max(0, settling.earned) : 0;
  const difference = settling.kept - (granted + first - requested);
  const more = first + Math.max(0, difference);
  if (more > 0 && exceedsBalance(draft.ledger, more as Points)) return refuse({ code: "balance_limit_exceeded" });
  const isIdle = first === 0 && difference === 0;
  if (!isIdle && !draft.ledger.isOpen) draft.append({ kind: "opened" });

  if (first > 0) grantMore(draft, settling, known, first);
  const givenBack = giveBack(draft, known, Math.max(0, difference), forgiven, settling);
  const rest = Math.max(0, difference) - givenBack.requested;
  if (rest > 0) grantMore(draft, settling, known, rest);
  const taken = difference < 0 ? takeBack(draft, settling, known, -difference as Points) : 0;

  return succeed({
    outcome: {
      kind: "order-settled",
      granted: done.granted + first + rest,
      requested: done.requested + Math.max(0, -difference),
      taken: done.taken + taken,
      givenBack: done.givenBack + givenBack.points,
    },
    isRepetition: draft.entries.length === before,
  });
}

const sumOf = <Item>(items: readonly Item[], amount: (item: Item) => number): number =>
  items.reduce((sum, item) => sum + amount(item), 0);

/** What the same command has done already: its answer was lost, and it has come again. */
function doneBefore({ commandId }: Draft, { grants, takeBacks }: OrderHistory) {
  const isOwn = (past: { readonly commandId: string }): boolean => past.commandId === commandId;
  const undoings = takeBacks.flatMap((takeBack) => takeBack.undoings);
  return {
    granted: sumOf(grants.filter(isOwn), ({ points }) => points),
    requested: sumOf(takeBacks.filter(isOwn), (takeBack) => takeBack.requestedPoints),
    taken: sumOf(takeBacks.filter(isOwn), ({ points }) => points),
    givenBack: sumOf(undoings.filter(isOwn), ({ points }) => points),
  };
}

function grantMore(draft: Draft, settling: OrderSettling, { grants }: OrderHistory, points: number): void {
  const { orderId } = settling;
  const now = draft.entries.filter((entry) => entry.kind === "granted");
  const nth = ownIds([...grants, ...now], earnedEntryId(orderId)).length + 1;
  const isFirst = nth === 1;
  const value = isFirst ? settling.value : null;
  const description = isFirst ? `Order ${orderId}` : `Order ${orderId} corrected to ${settling.value}`;
  grantOrder(draft, correctedEntryId(orderId, nth), { ...settling, value, points: points as Points, description });
}

/** Those whose id is the given one, or begins with it and a slash. */
const ownIds = <Item extends { readonly id: string }>(items: readonly Item[], id: string): readonly Item[] =>
  items.filter((item) => item.id === id || item.id.startsWith(`${id}/`));

/** @returns the points that were there to be taken */
function takeBack(draft: Draft, settling: OrderSettling, history: OrderHistory, requested: Points): number {
  const { orderId, returnId, policy, description } = settling;
  // Also of what has been granted just now.
  const ownLots = draft.entries.flatMap((entry) => (entry.kind === "granted" ? [entry] : []));
  const grants = [...history.grants, ...ownLots.map((entry) => ({ ...entry, usedPoints: 0 }))];
  const lapsed = lapsedPoints({ ...history, grants }, requested, draft.now);
  const wanted = (requested - lapsed) as Points;
  const preferred = grants.map(({ id }) => id);
  const draws = drawUpTo(draft.ledger, wanted, draft.now, preferred);
  const points = sumOf(draws, (draw) => draw.points) as Points;
  const missing = wanted - points;
  const nth = ownIds(history.takeBacks, takeBackEntryId(orderId, returnId, 1)).length + 1;
  draft.append({
    kind: "taken-back",
    id: takeBackEntryId(orderId, returnId, nth),
    points,
    createdAt: draft.now,
    draws,
    description,
    referenceId: orderId,
    relatedId: grants[0]?.id ?? null,
    requestedPoints: requested,
    lapsedPoints: lapsed,
    debt: { owed: policy === "negative" ? missing : 0, absorbed: policy === "absorb" ? missing : 0 },
    returnId,
  });
  return points;
}

/**
 * Undoes as much of the take-backs as is not to be taken any more, the last one first.
 * @param points by how much less is to be taken back
 * @returns how much less is asked back, and what came back with that
 */
function giveBack(
  draft: Draft,
  { grants, takeBacks }: OrderHistory,
  points: number,
  forgiven: readonly Forgiven[],
  settling: OrderSettling,
): { readonly requested: number; readonly points: number } {
  let requested = 0;
  let cameBack = 0;
  // What comes back pays for what others were forgiven while it was away, and never for its own order.
  let others = forgiven.filter(({ id }) => !takeBacks.some((own) => own.id === id));
  for (const takeBack of takeBacks.toReversed()) {
    const part = Math.min(points - requested, standingOf(takeBack).requested);
    if (part === 0) continue;
    const undone = undo(draft, { grants, takeBacks }, takeBack, part as Points, settling);
    const before = others.filter(({ sequence }) => sequence < takeBack.sequence);
    const since = others.filter(({ sequence }) => sequence > takeBack.sequence);
    others = [...before, ...payForgiven(draft, since, undone.points, undone.into)];
    cameBack += undone.points;
    requested += part;
  }
  return { requested, points: cameBack };
}

/** @returns the points that came back, and the lots that have them now */
function undo(
  draft: Draft,
  history: OrderHistory,
  takeBack: PastTakeBack,
  part: Points,
  { orderId }: OrderSettling,
): { readonly points: number; readonly into: readonly EntryId[] } {
  const standing = standingOf(takeBack);
  const [ofMissing, ofTaken, ofLapsed] = partsOf(part, standing.missing, standing.taken);
  const { debt } = draft.ledger;
  const owed = Math.min(ofMissing, takeBack.debt.owed, debt.owed);
  const absorbed = Math.min(ofMissing - owed, takeBack.debt.absorbed, debt.absorbed);
  const paidOff = ofMissing - owed - absorbed - Math.min(ofMissing, standing.unpaid);
  const nth = takeBack.undoings.length + 1;
  const id = undoingEntryId(takeBack.id, nth);
  draft.append({
    kind: "given-back",
    id,
    points: (paidOff + ofTaken) as Points,
    createdAt: draft.now,
    referenceId: orderId,
    relatedId: takeBack.id,
    requestedPoints: part,
    lapsedPoints: ofLapsed as Points,
    debt: { owed: 0 - owed, absorbed: 0 - absorbed },
  });
  const description = `Less of order ${orderId} is returned`;
  const origin = { relatedId: takeBack.id, name: id, referenceId: orderId, description };
  const into = restore(draft, comingBack(takeBack, standing.taken, ofTaken, draft.now), origin);
  const points = paidOff + ofTaken;
  if (paidOff === 0) return { points, into };
  const end = endOfPaidOff(history, draft.now);
  return { points, into: [...into, refund(draft, { points: paidOff as Points, validUntil: end }, 0, origin)] };
}

/**
 * What comes back of a take-back, and into which lots: those that are still active first, the last one that was drawn from
 * before the others.
 * @param taken what it still holds; more of its draws may be listed, because what comes back of ended lots leaves no trace there
 */
function comingBack({ draws }: PastTakeBack, taken: number, points: number, now: EpochMs): readonly DatedDraw[] {
  const active = draws.filter((draw) => isActive(draw, now));
  const ended = draws.filter((draw) => !isActive(draw, now));
  const gone = sumOf(draws, (draw) => draw.points) - taken;
  const ofActive = Math.min(
    points,
    sumOf(active, (draw) => draw.points),
  );
  return [...lastOf(active, 0, ofActive), ...lastOf(ended, gone, points - ofActive)];
}

/** The last draws that come to `points`, without the very last ones that come to `skipped`. */
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

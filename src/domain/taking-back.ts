import type { Outcome, TakeBack } from "./command.ts";
import type { Draft, Writing } from "./draft.ts";
import type { CommandId, EntryId } from "./identifiers.ts";
import { drawUpTo } from "./ledger.ts";
import type { Points } from "./points.ts";
import { refund, restore } from "./restoring.ts";
import { refuse, succeed } from "./result.ts";
import {
  endOfPaidOff,
  lapsedPoints,
  type OrderHistory,
  type PastTakeBack,
  requestedPoints,
  standing,
  takeBackEntryId,
} from "./returns.ts";

/** Takes back the share of an order's points that a return stands for, or all that are left of them. */
export function takeBack(draft: Draft, terms: TakeBack, history: OrderHistory | null): Writing {
  const { orderId, returnId, returnedValue, policy, description } = terms;
  if (history === null) return refuse({ code: "order_has_not_earned", orderId });
  const before = ofReturn(history, returnId);
  // A command that comes again does nothing more, also when what it had taken was given back since.
  const earlier =
    before.find(({ commandId }) => commandId === draft.commandId) ?? before.find(({ undoing }) => undoing === null);
  if (earlier !== undefined) {
    const outcome: Outcome = { kind: "taken-back", requested: earlier.requestedPoints, taken: earlier.points };
    return succeed({ outcome, isRepetition: earlier.commandId !== draft.commandId });
  }
  const requested = requestedPoints(history, returnedValue);
  const lapsed = lapsedPoints(history, requested, draft.now);
  const wanted = (requested - lapsed) as Points;
  const draws = drawUpTo(draft.ledger, wanted, draft.now, history.grant.id);
  const points = draws.reduce((sum, draw) => sum + draw.points, 0) as Points;
  const missing = wanted - points;
  draft.append({
    kind: "taken-back",
    id: takeBackEntryId(orderId, returnId, before.length + 1),
    points,
    createdAt: draft.now,
    draws,
    description,
    referenceId: orderId,
    relatedId: history.grant.id,
    requestedPoints: requested,
    lapsedPoints: lapsed,
    debt: { owed: policy === "negative" ? missing : 0, absorbed: policy === "absorb" ? missing : 0 },
    returnId,
    returnedValue,
  });
  return succeed({ outcome: { kind: "taken-back", requested, taken: points } });
}

/** What the same command has given back before; null when it has not. */
function pointsGivenBackBy(commandId: CommandId, returnId: string | null, history: OrderHistory): number | null {
  const own = ofReturn(history, returnId).find(({ undoing }) => undoing?.commandId === commandId);
  if (own === undefined || own.undoing === null) return null;
  const { owed, absorbed } = own.undoing.debt;
  return own.points + own.debt.owed + own.debt.absorbed + owed + absorbed;
}

const ofReturn = (history: OrderHistory, returnId: string | null): readonly PastTakeBack[] =>
  history.takeBacks.filter((takeBack) => takeBack.returnId === returnId);

/** Undoes a take-back: what it had taken comes back, and what it had left open is forgotten. */
export function undoTakeBack(
  draft: Draft,
  orderId: string,
  returnId: string | null,
  history: OrderHistory | null,
): Writing {
  const before = history === null ? null : pointsGivenBackBy(draft.commandId, returnId, history);
  const undone = history === null ? undefined : standing(history).findLast((some) => some.returnId === returnId);
  if (history === null || undone === undefined || before !== null) {
    return succeed({ outcome: { kind: "given-back", points: before ?? 0 }, isRepetition: true });
  }
  const { debt } = draft.ledger;
  const owed = Math.min(undone.debt.owed, debt.owed);
  const absorbed = Math.min(undone.debt.absorbed, debt.absorbed);
  const paidOff = undone.debt.owed - owed + (undone.debt.absorbed - absorbed);
  draft.append({
    kind: "given-back",
    id: `${undone.id}/undone` as EntryId,
    createdAt: draft.now,
    referenceId: orderId,
    relatedId: undone.id,
    debt: { owed: 0 - owed, absorbed: 0 - absorbed },
  });
  const validUntil = endOfPaidOff(history, draft.now);
  const description = `Return of order ${orderId} undone`;
  restore(draft, undone.draws, undone.id, orderId, description);
  if (paidOff > 0) {
    const paid = { points: paidOff as Points, validUntil };
    refund(draft, paid, undone.draws.length + 1, undone.id, orderId, description);
  }
  return succeed({
    outcome: { kind: "given-back", points: undone.draws.reduce((sum, draw) => sum + draw.points, paidOff) },
  });
}

import type { Intent } from "../../../src/ledger/rules/command.ts";
import { drawsPoints, type Entry, makesLot } from "../../../src/ledger/rules/entry.ts";
import type { DatedDraw } from "../../../src/ledger/rules/lot.ts";
import type { Points } from "../../../src/ledger/rules/points.ts";
import { earnedEntryId, type Forgiven, forgivenIn, type OrderHistory } from "../../../src/ledger/rules/returns.ts";
import type { EntryId } from "../../../src/platform/values/identifiers.ts";

/** What a journal tells of orders: read in the simplest way, for comparison with what storage says. */
export function orderHistoryIn(journal: readonly Entry[], orderIds: readonly string[]): OrderHistory | null {
  const isOwn = (id: EntryId): boolean =>
    orderIds.some((orderId) => id === earnedEntryId(orderId) || id.startsWith(`${earnedEntryId(orderId)}/`));
  const own = journal.filter((entry) => "id" in entry && isOwn(entry.id));
  if (own.length === 0) return null;
  return {
    grants: own
      .filter((entry) => entry.kind === "granted")
      .map(({ id, commandId, points, createdAt, validUntil }) => {
        return { id, commandId, points, createdAt, validUntil, usedPoints: usedPoints(journal, id) };
      }),
    reversals: own
      .filter((entry) => entry.kind === "reversed")
      .map(({ id, sequence, commandId, requestedPoints, expiredPoints, points, debt }) => {
        const payments = own.filter((some) => some.kind === "settled").filter((some) => some.relatedId === id);
        const undoings = own.filter((some) => some.kind === "reversal-undone").filter((some) => some.relatedId === id);
        return {
          ...{ id, sequence, commandId, requestedPoints, expiredPoints, points, debt },
          draws: heldBy(journal, id),
          undoings: undoings.map((some) => ({
            commandId: some.commandId,
            requestedPoints: some.requestedPoints,
            points: some.points,
            debt: { owed: some.debt.owed, absorbed: some.debt.absorbed },
          })),
          paidPoints: sumOf(payments),
          payments: payments.length,
        };
      }),
  };
}

/** What was forgiven after an entry, and is not paid for. */
export function forgivenAfter(journal: readonly Entry[], sequence: number): readonly Forgiven[] {
  const orderIds = journal.flatMap((entry) => (entry.kind === "reversed" ? [entry.referenceId] : []));
  const history = orderHistoryIn(journal, [...new Set(orderIds)]);
  return history === null ? [] : forgivenIn(history).filter((one) => one.sequence > sequence);
}

/** What deciding an intent about orders or coupons needs to know of the journal. */
export function factsIn(
  journal: readonly Entry[],
  intent: Intent,
): { readonly order: OrderHistory | null; readonly forgiven: readonly Forgiven[] } {
  return intent.kind === "adjust-order"
    ? orderFacts(journal, intent.adjustment.orderIds)
    : { order: null, forgiven: [] };
}

export function orderFacts(journal: readonly Entry[], orderIds: readonly string[]): ReturnType<typeof factsIn> {
  const order = orderHistoryIn(journal, orderIds);
  const [first] = order?.reversals ?? [];
  return { order, forgiven: first === undefined ? [] : forgivenAfter(journal, first.sequence) };
}

/** What an entry still holds of which lots, by the lots' ids, as the journal tells it. */
export function heldBy(journal: readonly Entry[], id: EntryId): readonly DatedDraw[] {
  const entry = journal.filter(drawsPoints).find((some) => some.id === id);
  const back = journal.flatMap((some) => (some.kind === "restored" && some.relatedId === id ? some.draws : []));
  return (entry?.draws ?? [])
    .map(({ lotId, points }): DatedDraw => {
      const lot = journal.filter(makesLot).find((some) => some.id === lotId);
      if (lot === undefined) throw new Error(`There is no lot ${lotId}.`);
      const { points: lotPoints, createdAt, validUntil } = lot;
      const left = points - sumOf(back.filter((draw) => draw.lotId === lotId));
      return { lotId, points: left as Points, lotPoints, createdAt, validUntil };
    })
    .filter(({ points }) => points > 0)
    .toSorted((left, right) => (left.lotId < right.lotId ? -1 : 1));
}

/** What is used of a lot, net of what came back, as the journal tells it. */
export function usedPoints(journal: readonly Entry[], lotId: EntryId): number {
  const of = (draws: readonly { readonly lotId: EntryId; readonly points: Points }[]): number =>
    sumOf(draws.filter((draw) => draw.lotId === lotId));
  return journal.reduce((sum, entry) => {
    if (entry.kind === "restored") return sum - of(entry.draws);
    return drawsPoints(entry) ? sum + of(entry.draws) : sum;
  }, 0);
}

const sumOf = (draws: readonly { readonly points: Points }[]): number =>
  draws.reduce((sum, { points }) => sum + points, 0);

import { drawsPoints, type Entry, makesLot } from "../../src/domain/entry.ts";
import type { EntryId } from "../../src/domain/identifiers.ts";
import type { Points } from "../../src/domain/points.ts";
import { type DatedDraw, earnedEntryId, type OrderHistory } from "../../src/domain/returns.ts";

/** What a journal tells of an order: read in the simplest way, for comparison with what storage says. */
export function orderHistoryIn(journal: readonly Entry[], orderId: string): OrderHistory | null {
  const lots = journal.filter(makesLot);
  const grant = lots.find((lot) => lot.id === earnedEntryId(orderId));
  if (grant?.kind !== "granted") return null;
  const undone = new Map(journal.flatMap((entry) => (entry.kind === "given-back" ? [[entry.relatedId, entry]] : [])));
  return {
    grant,
    usedPoints: usedPoints(journal, grant.id),
    takeBacks: journal
      .filter((entry) => entry.kind === "taken-back")
      .filter((entry) => entry.referenceId === orderId)
      .map((entry) => ({
        ...entry,
        undoing: undone.get(entry.id) ?? null,
        draws: heldBy(journal, entry.id),
      })),
  };
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

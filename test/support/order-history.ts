import { drawsPoints, type Entry, makesLot } from "../../src/domain/entry.ts";
import { earnedEntryId, type OrderHistory } from "../../src/domain/returns.ts";

/** What a journal tells of an order: read in the simplest way, for comparison with what storage says. */
export function orderHistoryIn(journal: readonly Entry[], orderId: string): OrderHistory | null {
  const lots = journal.filter(makesLot);
  const grant = lots.find((lot) => lot.id === earnedEntryId(orderId));
  if (grant?.kind !== "granted") return null;
  const draws = journal.filter(drawsPoints).flatMap((entry) => entry.draws);
  const undone = new Map(journal.flatMap((entry) => (entry.kind === "given-back" ? [[entry.relatedId, entry]] : [])));
  return {
    grant,
    usedPoints: draws.filter((draw) => draw.lotId === grant.id).reduce((sum, draw) => sum + draw.points, 0),
    takeBacks: journal
      .filter((entry) => entry.kind === "taken-back")
      .filter((entry) => entry.referenceId === orderId)
      .map((entry) => ({
        ...entry,
        undoing: undone.get(entry.id) ?? null,
        draws: entry.draws.map((draw) => ({
          ...draw,
          validUntil: lots.find((lot) => lot.id === draw.lotId)?.validUntil ?? null,
        })),
      })),
  };
}

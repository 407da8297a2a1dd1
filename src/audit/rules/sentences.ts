import type { Entry, LotEntry } from "../../ledger/rules/entry.ts";
import type { Draw } from "../../ledger/rules/lot.ts";
import type { EntryId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";

/** What a sentence needs of a lot. */
type NamedLot = Pick<LotEntry, "kind" | "referenceId" | "createdAt"> & { readonly points: number };

type LotFinder = (id: EntryId) => NamedLot | undefined;

type ToldEntry = Exclude<Entry, { kind: "opened" | "expired" | "erased" }>;

/** The sentence about the points that a lot had left at its end. */
export function sentenceOfExpiry(lot: NamedLot, points: number): string {
  const of = points === lot.points ? "" : ` of the ${lot.points}`;
  return `${pointsText(points)}${of} from ${nameOf(lot)} expired unused.`;
}

/** An entry as one plain sentence that names nobody. */
export function sentenceOf(entry: ToldEntry, lotOf: LotFinder): string {
  switch (entry.kind) {
    case "granted":
      return `${pointsText(entry.points)} ${were(entry.points)} granted${forWhat(entry)}, ${endOf(entry)}.`;
    case "restored": {
      const where = ofLots("to", entry.draws, lotOf);
      return `${pointsText(entry.points)} came back${where}: ${entry.description.replace(/\.$/, "")}.`;
    }
    case "refunded":
      return `${pointsText(entry.points)} came back (${entry.description.replace(/\.$/, "")}), ${endOf(entry)}.`;
    case "redeemed": {
      const forWhat = entry.couponCode === null ? "redeemed" : "exchanged for a coupon";
      return `${pointsText(entry.points)} ${were(entry.points)} ${forWhat}${ofLots("from", entry.draws, lotOf)}.`;
    }
    case "reversed":
      return textOfReversal(entry, lotOf);
    case "reversal-undone":
      return textOfUndoing(entry);
    case "settled":
      return entry.relatedId === null
        ? `${pointsText(entry.points)} ${were(entry.points)} used to settle what earlier returns had left open.`
        : `${pointsText(entry.points)} that came back paid for what had been forgiven of a return while ${entry.points === 1 ? "it was" : "they were"} away.`;
  }
}

function textOfReversal(entry: Extract<Entry, { kind: "reversed" }>, lotOf: LotFinder): string {
  const { points, requestedPoints, expiredPoints, debt, draws, description } = entry;
  const why = `(${description})`;
  const parts = [
    `${pointsText(points)} ${were(points)} taken back${ofLots("from", draws, lotOf)}: ${pointsText(requestedPoints)} ${were(requestedPoints)} due ${why}`,
  ];
  if (expiredPoints > 0) parts.push(`${expiredPoints} of them had expired already`);
  if (debt.owed > 0) parts.push(`${debt.owed} took the balance below zero`);
  if (debt.absorbed > 0) parts.push(`${debt.absorbed} will be taken from the next points`);
  const forgiven = requestedPoints - expiredPoints - points - debt.owed - debt.absorbed;
  if (forgiven > 0) parts.push(`${forgiven} ${were(forgiven)} missing and forgiven`);
  return `${parts.join(", ")}.`;
}

function ofLots(way: "from" | "to", draws: readonly Draw[], lotOf: LotFinder): string {
  if (draws.length === 0) return "";
  const named = draws.slice(0, namedLotsMax).map(({ lotId, points }) => {
    const lot = lotOf(lotId);
    return `${points} ${way} ${lot === undefined ? lotId : nameOf(lot)}`;
  });
  const more = draws.length - named.length;
  return ` (${named.join(", ")}${more > 0 ? ` and ${more} more` : ""})`;
}

function textOfUndoing({
  points,
  requestedPoints,
  expiredPoints,
  debt,
  referenceId,
}: Extract<Entry, { kind: "reversal-undone" }>): string {
  const less = `${pointsText(requestedPoints)} less ${were(requestedPoints)} due back for order ${referenceId}`;
  const parts = [`${less}: ${pointsText(points)} ${points === 1 ? "comes" : "come"} back`];
  const open = 0 - debt.owed - debt.absorbed;
  if (open > 0) parts.push(`${open} ${were(open)} still open`);
  if (expiredPoints > 0) parts.push(`${expiredPoints} of them had expired`);
  const forgiven = requestedPoints - points - open - expiredPoints;
  if (forgiven > 0) parts.push(`${forgiven} had been forgiven`);
  return `${parts.join(", ")}.`;
}

/** How many lots a sentence names at most. */
const namedLotsMax = 5;

/** How many characters of a merchant's text a sentence quotes at most. */
const quotedLengthMax = 100;

function quoted(text: string): string {
  const characters = [...text];
  return characters.length <= quotedLengthMax ? text : `${characters.slice(0, quotedLengthMax).join("")}…`;
}

const pointsText = (points: number): string => (points === 1 ? "1 point" : `${points} points`);

const were = (points: number): string => (points === 1 ? "was" : "were");

const dayOf = (moment: EpochMs): string => new Date(moment).toISOString().slice(0, "2026-11-22".length);

/** A lot's name in a sentence: what earned it, or else its day. */
function nameOf({ kind, referenceId, createdAt }: NamedLot): string {
  if (kind === "refunded") return `what came back on ${dayOf(createdAt)}`;
  return referenceId === null ? `the grant of ${dayOf(createdAt)}` : `the grant for ${quoted(referenceId)}`;
}

const forWhat = ({ referenceId, description }: Extract<Entry, { kind: "granted" }>): string =>
  `${referenceId === null ? "" : ` for ${quoted(referenceId)}`}${description === null ? "" : ` (${quoted(description)})`}`;

function endOf({ validUntil, recordedAt }: LotEntry): string {
  if (validUntil === null) return "without expiry";
  const end = new Date(validUntil).toISOString();
  return validUntil <= recordedAt ? `which expired on ${end} and so never counted` : `valid until ${end}`;
}

import type { EarningOrder } from "./command.ts";
import type { LedgerKey } from "./decide.ts";
import type { Draft, Writing } from "./draft.ts";
import type { LedgerFailure } from "./failure.ts";
import { type Grant, grantPeriod } from "./grant.ts";
import type { EntryId } from "./identifiers.ts";
import type { Ledger } from "./ledger.ts";
import { isActive } from "./lot.ts";
import { type Points, pointsMax } from "./points.ts";
import { refuse, succeed } from "./result.ts";
import { type DatedDraw, earnedEntryId } from "./returns.ts";
import { addCalendarMonths, type EpochMs } from "./time.ts";

/** Creates the ledger, with or without points to start with. */
export function open(key: LedgerKey, draft: Draft, startPoints: Grant | null): Writing {
  if (draft.ledger.isOpen) return refuse({ code: "ledger_exists", customerId: key.customerId });
  draft.append({ kind: "opened" });
  const granted = startPoints === null ? null : appendGrant(draft, startPoints);
  return granted ?? succeed({ outcome: { kind: "opened" } });
}

/** Grants points by hand; creates the ledger when it is missing. */
export function grant(draft: Draft, terms: Grant): Writing {
  if (!draft.ledger.isOpen) draft.append({ kind: "opened" });
  return appendGrant(draft, terms) ?? succeed({ outcome: { kind: "granted", entryId: draft.entryId(terms.id) } });
}

/** @returns null when the grant was appended, else why not */
function appendGrant(draft: Draft, terms: Grant): { ok: false; failure: LedgerFailure } | null {
  const period = grantPeriod(terms, draft.now);
  if (!period.ok) return period;
  if (exceedsBalance(draft.ledger, terms.points)) return refuse({ code: "balance_limit_exceeded" });
  const { points, referenceId, description } = terms;
  const id = draft.entryId(terms.id);
  const fingerprint = draft.fingerprintFor(terms.id);
  draft.append({
    kind: "granted",
    id,
    points,
    ...period.value,
    referenceId,
    description,
    fingerprint,
    orderValue: null,
  });
  settleDebt(draft, id, points, period.value);
  return null;
}

const exceedsBalance = (ledger: Ledger, points: Points): boolean => ledger.points + points > pointsMax;

/** That an order is granted once is the entry id's doing: it is the order's, and unique in the ledger. */
export function earn(draft: Draft, order: EarningOrder): Writing {
  const { orderId, points, description, value: orderValue, validityMonths } = order;
  if (exceedsBalance(draft.ledger, points)) return refuse({ code: "balance_limit_exceeded" });
  if (!draft.ledger.isOpen) draft.append({ kind: "opened" });
  const createdAt = draft.now;
  const validUntil = validityMonths === null ? null : addCalendarMonths(createdAt, validityMonths);
  const id = earnedEntryId(orderId);
  draft.append({
    kind: "granted",
    id,
    points,
    createdAt,
    validUntil,
    referenceId: orderId,
    description,
    fingerprint: null,
    orderValue,
  });
  settleDebt(draft, id, points, { validUntil });
  return succeed({ outcome: { kind: "granted", entryId: id } });
}

/** New points pay off what earlier returns have left open, before anything else can use them. */
function settleDebt(draft: Draft, lotId: EntryId, points: Points, lot: { readonly validUntil: EpochMs | null }): void {
  const { debt } = draft.ledger;
  if (!isActive(lot, draft.now)) return;
  const owed = Math.min(debt.owed, points);
  const absorbed = Math.min(debt.absorbed, points - owed);
  const settled = (owed + absorbed) as Points;
  if (settled === 0) return;
  draft.append({
    kind: "settled",
    id: `settled:${lotId}` as EntryId,
    points: settled,
    createdAt: draft.now,
    draws: [{ lotId, points: settled }],
    description: "Rest of earlier returns",
    debt: { owed: 0 - owed, absorbed: 0 - absorbed },
  });
}

/** Gives points back: a new lot for each that they were taken from, with the same end. */
export function refund(
  draft: Draft,
  draws: readonly DatedDraw[],
  relatedId: EntryId,
  referenceId: string | null,
  description: string,
): void {
  draws.forEach(({ points, validUntil }, index) => {
    const id = `refund:${relatedId}/${index + 1}` as EntryId;
    draft.append({
      kind: "refunded",
      id,
      points,
      createdAt: draft.now,
      validUntil,
      referenceId,
      description,
      relatedId,
    });
    settleDebt(draft, id, points, { validUntil });
  });
}

import type { EntryId } from "../../platform/values/identifiers.ts";
import { refuse, succeed } from "../../platform/values/result.ts";
import { addCalendarMonths } from "../../platform/values/time.ts";
import type { EarningOrder } from "./command.ts";
import type { Draft, Writing } from "./draft.ts";
import type { LedgerFailure } from "./failure.ts";
import { type Grant, grantPeriod } from "./grant.ts";
import { drawUpTo, type Ledger } from "./ledger.ts";
import type { LedgerKey } from "./ledger-key.ts";
import { type Points, pointsMax } from "./points.ts";
import { earnedEntryId } from "./returns.ts";

/** Creates the ledger, with or without initial points. */
export function open(key: LedgerKey, draft: Draft, startPoints: Grant | null): Writing {
  if (draft.ledger.isOpen) return refuse({ code: "ledger_exists", customerId: key.customerId });
  draft.append({ kind: "opened" });
  const granted = startPoints === null ? null : appendGrant(draft, startPoints);
  return granted ?? succeed({ outcome: { kind: "opened" } });
}

/** Grants points by hand. Creates the ledger if it is missing. */
export function grant(draft: Draft, terms: Grant): Writing {
  if (!draft.ledger.isOpen) draft.append({ kind: "opened" });
  return appendGrant(draft, terms) ?? succeed({ outcome: { kind: "granted", entryId: draft.entryId(terms.id) } });
}

/** @returns null when the grant was appended, otherwise the refusal */
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
  settleDebt(draft, id);
  return null;
}

export const exceedsBalance = (ledger: Ledger, points: Points): boolean => ledger.points + points > pointsMax;

/** Grants an order's points. The entry id is derived from the order and unique in the ledger, so it is granted once. */
export function earn(draft: Draft, order: EarningOrder): Writing {
  if (exceedsBalance(draft.ledger, order.points)) return refuse({ code: "balance_limit_exceeded" });
  if (!draft.ledger.isOpen) draft.append({ kind: "opened" });
  const entryId = earnedEntryId(order.orderId);
  grantOrder(draft, entryId, order);
  return succeed({ outcome: { kind: "granted", entryId } });
}

/**
 * Grants an order's points. Their validity starts when the order completed, if that is known.
 * @param order its value is null when more points are granted for an order that has already earned
 */
export function grantOrder(
  draft: Draft,
  id: EntryId,
  order: Omit<EarningOrder, "value"> & { readonly value: string | null },
): void {
  const { orderId, points, description, value: orderValue, completedAt, validityMonths } = order;
  const createdAt = completedAt === null || completedAt > draft.now ? draft.now : completedAt;
  const validUntil = validityMonths === null ? null : addCalendarMonths(createdAt, validityMonths);
  const fingerprint = null;
  const referenceId = orderId;
  draft.append({
    kind: "granted",
    id,
    points,
    createdAt,
    validUntil,
    referenceId,
    description,
    fingerprint,
    orderValue,
  });
  settleDebt(draft, id);
}

/** New and restored points settle what earlier reversals left open before anything else can use them. */
export function settleDebt(draft: Draft, sourceId: EntryId): void {
  const { debt } = draft.ledger;
  const draws = drawUpTo(draft.ledger, (debt.owed + debt.absorbed) as Points, draft.now);
  const points = draws.reduce((sum, draw) => sum + draw.points, 0) as Points;
  if (points === 0) return;
  const owed = Math.min(debt.owed, points);
  draft.append({
    kind: "settled",
    id: `settled:${sourceId}` as EntryId,
    points,
    createdAt: draft.now,
    draws,
    description: "Rest of earlier returns",
    relatedId: null,
    debt: { owed: 0 - owed, absorbed: owed - points },
  });
}

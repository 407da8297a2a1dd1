import type { Intent } from "../domain/command.ts";
import { plainText } from "../domain/decimal.ts";
import type { EarningBase } from "../domain/earn-rule.ts";
import { type EventVerdict, ignored, waiting } from "../domain/event-verdict.ts";
import { type CustomerId, defaultSiteCode } from "../domain/identifiers.ts";
import { type EventAction, readEvent } from "../domain/order-event.ts";
import { returnedValue } from "../domain/return-value.ts";
import type { ReturnPolicy } from "../domain/returns.ts";
import { carryOut, TryLater } from "./carry-out.ts";
import type { InboxEvent } from "./ports.ts";
import type { Services } from "./services.ts";

type Return = Extract<EventAction, { kind: "return" }>;

/** How often a state that changes while it is being carried out is followed up. */
const followUpsMax = 5;

/**
 * Brings the ledger into line with the last known state of a return: what an approved one stands for is taken back,
 * and given back when it is not approved any more. The events of a return may come in any order, and two of them be
 * processed at once: each was kept before this, and looks for the latest one before it acts and after.
 */
export async function settleReturn(services: Services, event: InboxEvent, action: Return): Promise<EventVerdict> {
  const { tenant } = event;
  const latest = () => services.eventInbox.latestOfReturn(tenant, action.returnId, action.orderId);
  const before = await latest();
  if (before !== null && before.id !== event.id) return ignored("superseded");
  const verdict = await applyState(services, event, action, event.id);
  let applied: string = event.id;
  for (let followUp = 0; followUp < followUpsMax; followUp += 1) {
    const now = await latest();
    if (now === null || now.id === applied || now.event === null) return verdict;
    const later = readEvent(now.event);
    if (later.action.kind === "return") {
      // An id of its own: under that event's id the ledger may already have an answer from before.
      const { subject } = later;
      await applyState(services, { ...now, event: now.event, subject }, later.action, services.newId());
    }
    applied = now.id;
  }
  throw new TryLater("overloaded");
}

async function applyState(
  services: Services,
  event: InboxEvent,
  { orderId, returnId, isApproved, returned }: Return,
  commandId: string,
): Promise<EventVerdict> {
  const terms = await termsOf(services, event, orderId);
  if (!isApproved) {
    const undone = await undo(services, event, terms?.customerId ?? null, { orderId, returnId }, commandId);
    return undone > 0 ? { kind: "given-back", points: undone } : ignored("return_not_approved");
  }
  if (terms === null) return waiting("order_has_not_earned");
  const value = returnedValue(returned, terms.earningBase);
  if (value === null) return ignored("unreadable_payload: total.value");
  if (value.lte(0)) return ignored("no_value");
  return takeBack(services, event, terms, { orderId, returnId, returnedValue: plainText(value) }, commandId);
}

/** Takes back all that a deleted order has earned and that is still there to be taken. */
export async function settleDeletedOrder(
  services: Services,
  event: InboxEvent,
  { orderId }: Extract<EventAction, { kind: "delete-order" }>,
): Promise<EventVerdict> {
  const terms = await termsOf(services, event, orderId);
  if (terms === null) return waiting("order_has_not_earned");
  return takeBack(services, event, terms, { orderId, returnId: null, returnedValue: null }, event.id);
}

/** Whose points an order has become, and on what terms they are taken back. */
interface TakeBackTerms {
  readonly customerId: CustomerId;
  readonly earningBase: EarningBase;
  readonly policy: ReturnPolicy;
}

/**
 * What the inbox knows of the order's grant counts, because a return names neither site nor measure, and the deletion
 * of an order not even the customer. Where the inbox does not go back so far, the event has to say it.
 * @returns null when nobody knows whose the order was
 */
async function termsOf(
  { eventInbox, siteSettings }: Services,
  { tenant, subject }: InboxEvent,
  orderId: string,
): Promise<TakeBackTerms | null> {
  const grant = await eventInbox.grantOf(tenant, orderId);
  const customerId = grant?.customerId ?? subject.customerId;
  if (customerId === null) return null;
  const site = grant?.siteCode ?? subject.siteCode ?? defaultSiteCode;
  const settings = await siteSettings.effective(tenant, site);
  return { customerId, earningBase: grant?.earningBase ?? settings.earningBase, policy: settings.returnPolicy };
}

async function takeBack(
  services: Services,
  { tenant }: InboxEvent,
  { customerId, policy }: TakeBackTerms,
  what: { readonly orderId: string; readonly returnId: string | null; readonly returnedValue: string | null },
  commandId: string,
): Promise<EventVerdict> {
  const { orderId, returnId } = what;
  const description = returnId === null ? `Order ${orderId} deleted` : `Return ${returnId} of order ${orderId}`;
  const intent: Intent = { kind: "take-back", takeBack: { ...what, policy, description } };
  const carried = await carryOut(services, {
    id: commandId,
    tenant,
    customerId,
    intent,
  });
  if (!carried.ok) {
    const { code } = carried.failure;
    return code === "order_has_not_earned" ? waiting(code) : { kind: "failed", reason: code };
  }
  const { outcome, isRepetition } = carried.value;
  if (isRepetition || outcome.kind !== "taken-back") return { kind: "duplicate" };
  return { kind: "taken-back", points: outcome.taken };
}

/** @returns the points that came back; 0 when nothing had been taken */
async function undo(
  services: Services,
  { tenant }: InboxEvent,
  customerId: CustomerId | null,
  { orderId, returnId }: { readonly orderId: string; readonly returnId: string },
  commandId: string,
): Promise<number> {
  if (customerId === null) return 0;
  const intent: Intent = { kind: "undo-take-back", orderId, returnId };
  const carried = await carryOut(services, {
    id: commandId,
    tenant,
    customerId,
    intent,
  });
  return carried.ok && carried.value.outcome.kind === "given-back" ? carried.value.outcome.points : 0;
}

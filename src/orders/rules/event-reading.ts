import type { CustomerId, SiteCode } from "../../platform/values/identifiers.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import type { IgnoreReason } from "./event-verdict.ts";
import type { StateVersion } from "./latest-state.ts";
import type { OrderState } from "./order-state.ts";
import type { ReturnState } from "./return-state.ts";

/** Whom and what an event is about, as far as the event says. */
export interface EventSubject {
  /** A known event's name as Emporix spells it, else the name as it came; `order` for an order without an envelope. */
  readonly type: string;
  readonly orderId: string | null;
  readonly returnId: string | null;
  readonly customerId: CustomerId | null;
  readonly siteCode: SiteCode | null;
}

/** What an event reports about an order. */
export interface OrderReport {
  readonly orderId: string;
  /** Null: a guest's order, or not stated. */
  readonly customerId: CustomerId | null;
  readonly siteCode: SiteCode | null;
  /** The order that it was split from. */
  readonly masterId: string | null;
  /** The orders that it was split into. */
  readonly subOrderIds: readonly string[];
  readonly state: OrderState;
  readonly stamp: StateVersion;
}

/** What an event reports about a return. */
export interface ReturnReport {
  readonly returnId: string;
  /** Who requested the return; null: not stated. */
  readonly customerId: CustomerId | null;
  readonly state: ReturnState;
  readonly stamp: StateVersion;
}

/** What to do about an event. */
export type EventAction =
  /** A customer's order is complete. */
  | {
      readonly kind: "earn";
      readonly report: OrderReport & { readonly customerId: CustomerId; readonly siteCode: SiteCode };
      readonly order: JsonObject;
    }
  /** The event earns nothing, but what it reports about the order counts for the order's returns and parts. */
  | { readonly kind: "know-order"; readonly report: OrderReport; readonly reason: IgnoreReason }
  /** The order was cancelled, declined or deleted. */
  | { readonly kind: "withdraw-order"; readonly report: OrderReport }
  | { readonly kind: "return"; readonly report: ReturnReport }
  /** One order of a return whose state is kept already. */
  | { readonly kind: "adjust-return"; readonly orderId: string; readonly returnId: string }
  | { readonly kind: "delete-customer"; readonly customerId: CustomerId }
  | { readonly kind: "ignore"; readonly reason: IgnoreReason; readonly detail?: string };

/** What an event is about, and what to do about it. */
export interface EventReading {
  readonly subject: EventSubject;
  readonly action: EventAction;
}

type Subject = Partial<EventSubject> & Pick<EventSubject, "type">;

const nobody = { orderId: null, returnId: null, customerId: null, siteCode: null } as const;

/** A reading. What the subject leaves out is null. */
export const reading = (subject: Subject, action: EventAction): EventReading => ({
  subject: { ...nobody, ...subject },
  action,
});

/** The reading of an event that is not carried out. */
export const ignoring = (subject: Subject, reason: IgnoreReason): EventReading =>
  reading(subject, { kind: "ignore", reason });

/** The reading of an event whose `member` cannot be read. */
export const unreadable = (subject: Subject, member: string): EventReading =>
  reading(subject, { kind: "ignore", reason: "unreadable_payload", detail: member });

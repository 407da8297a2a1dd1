import type { CustomerId, SiteCode } from "../../platform/values/identifiers.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import type { IgnoreReason } from "./event-verdict.ts";
import type { StateStamp } from "./latest-state.ts";
import type { OrderState } from "./order-state.ts";
import type { ReturnState } from "./return-state.ts";

/** Whom and what an event is about, as far as it says so itself. */
export interface EventSubject {
  /** The event's name in the order service's words, or `order` for an order that came without one. */
  readonly type: string;
  readonly orderId: string | null;
  readonly returnId: string | null;
  readonly customerId: CustomerId | null;
  readonly siteCode: SiteCode | null;
}

/** What an event tells of an order. */
export interface OrderNews {
  readonly orderId: string;
  /** Null: a guest's, or not told. */
  readonly customerId: CustomerId | null;
  readonly siteCode: SiteCode | null;
  /** The order that it was split from. */
  readonly masterId: string | null;
  /** The orders that it was split into. */
  readonly subOrderIds: readonly string[];
  readonly state: OrderState;
  readonly stamp: StateStamp;
}

/** What an event tells of a return. */
export interface ReturnNews {
  readonly returnId: string;
  /** Whoever has asked for it; null: not told. */
  readonly customerId: CustomerId | null;
  readonly state: ReturnState;
  readonly stamp: StateStamp;
}

/** What an event asks for. */
export type EventAction =
  /** A customer's order is complete. */
  | {
      readonly kind: "earn";
      readonly news: OrderNews & { readonly customerId: CustomerId; readonly siteCode: SiteCode };
      readonly order: JsonObject;
    }
  /** Nothing is earned, but what the event tells of an order counts for its returns and its parts. */
  | { readonly kind: "know-order"; readonly news: OrderNews; readonly reason: IgnoreReason }
  /** The order was cancelled, declined or deleted. */
  | { readonly kind: "withdraw-order"; readonly news: OrderNews }
  | { readonly kind: "return"; readonly news: ReturnNews }
  /** One of several orders of a return, of which another event has told how it stands. */
  | { readonly kind: "settle-return"; readonly orderId: string; readonly returnId: string }
  | { readonly kind: "delete-customer"; readonly customerId: CustomerId }
  | { readonly kind: "ignore"; readonly reason: IgnoreReason };

/** What an event says. */
export interface EventReading {
  readonly subject: EventSubject;
  readonly action: EventAction;
}

type Subject = Partial<EventSubject> & Pick<EventSubject, "type">;

const nobody = { orderId: null, returnId: null, customerId: null, siteCode: null } as const;

/** The reading of an event that asks for something. */
export const reading = (subject: Subject, action: EventAction): EventReading => ({
  subject: { ...nobody, ...subject },
  action,
});

/** The reading of an event that is not carried out. */
export const ignoring = (subject: Subject, reason: IgnoreReason): EventReading =>
  reading(subject, { kind: "ignore", reason });

import type { Services as Coupons } from "../../coupons/use-cases/context.ts";
import type { Context as Situation } from "../../platform/requests/context.ts";
import type { EventInbox, EventQueue, WebhookSignatures } from "./event-ports.ts";
import type { OrderStateStore } from "./order-state-ports.ts";

/** What the use-cases of order events work with. */
export interface Services extends Coupons {
  readonly eventQueue: EventQueue;
  readonly eventInbox: EventInbox;
  readonly orderStates: OrderStateStore;
  readonly webhookSignatures: WebhookSignatures;
}

export type Context = Situation<Services>;

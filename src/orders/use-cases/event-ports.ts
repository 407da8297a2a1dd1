import type { SummaryPage } from "../../platform/requests/page.ts";
import type { CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { EventId } from "../rules/event-id.ts";
import type { EventAction, EventReading, EventSubject } from "../rules/event-reading.ts";
import type { EventVerdict } from "../rules/event-verdict.ts";

/** What a queue message says. */
export interface QueuedEvent {
  readonly tenant: TenantId;
  readonly id: EventId;
  readonly receivedAt: EpochMs;
  /**
   * What is kept of it: an envelope, or an order without one. Absent when it is too long: then only the inbox has it.
   */
  readonly event?: JsonObject;
  /** Whom the event named when it arrived. Absent: those whom `event` names. */
  readonly mentions?: readonly string[];
  /** Somebody sent or replayed it on purpose: it is carried out even if it is old or a repetition. */
  readonly isOnPurpose?: true;
}

/** An event that was read: what it is about, and what to do about it. */
export interface OrderEvent<Action extends EventAction = EventAction> extends QueuedEvent, EventReading {
  readonly event: JsonObject;
  readonly action: Action;
}

/** A queue message. */
export interface EventMessage {
  readonly body: unknown;
  /** How often it has been delivered, including this time. */
  readonly attempts: number;
  ack(): void;
  retry(options: { readonly delaySeconds: number }): void;
}

/** Where events wait to be processed. */
export interface EventQueue {
  /** @throws {StoreUnavailable} when it is not certain that the event was taken. */
  send(message: QueuedEvent): Promise<void>;
}

/** Checks by its signature who sent an event. */
export interface WebhookSignatures {
  /** Whether `signature` was made over `body` with one of the tenant's secrets; false if the tenant has none. */
  verify(tenant: TenantId, body: string, signature: string): Promise<boolean>;
}

/** An event with its verdict. */
export interface JudgedEvent<Event extends OrderEvent = OrderEvent> {
  readonly event: Event;
  readonly verdict: EventVerdict;
  /** True when only the verdict is to be kept, not the event itself. */
  readonly isForgotten: boolean;
  readonly at: EpochMs;
}

/** An event in the inbox. */
export interface KeptEvent extends EventSubject {
  readonly tenant: TenantId;
  readonly id: EventId;
  readonly verdict: EventVerdict["kind"];
  readonly points: number | null;
  readonly reason: string | null;
  /** What the reason is about: the member that cannot be read, or what did not answer. */
  readonly detail: string | null;
  readonly receivedAt: EpochMs;
  /** When it got its verdict, or the timer last sent it again; null while neither has happened. */
  readonly processedAt: EpochMs | null;
  /** How often it got a verdict, or the timer sent it again. */
  readonly attempts: number;
  /** What is kept of it; null once its customer has been erased, or when it cannot be read. */
  readonly event: JsonObject | null;
}

/** What a list shows of an event. */
export type EventSummary = Omit<KeptEvent, "event">;

/** Names an event that waits for its order. */
export interface WaitingEvent {
  readonly id: EventId;
  readonly orderId: string;
}

/** Which events a list shows. Null: any. */
export interface EventFilter {
  readonly orderId: string | null;
  readonly customerId: CustomerId | null;
  readonly verdict: EventVerdict["kind"] | null;
}

export type EventPage = SummaryPage;

/** Claims a key for an event. */
export interface EventClaim {
  readonly key: string;
  readonly id: EventId;
}

/** When an event that was not finished is due to be sent again. */
export interface ResendingPatience {
  /** The first wait, from the event's arrival. Each further wait is twice as long. */
  readonly firstAfterMs: number;
  /** The longest wait. */
  readonly longestMs: number;
  /** After this many times, it is left to people. */
  readonly attemptsMax: number;
}

/**
 * All events of the last 90 days, each with its verdict. Every method throws {@link StoreUnavailable}. A forgotten
 * event stays as it is, whatever is recorded for it afterwards.
 */
export interface EventInbox {
  /** Keeps an event with a provisional verdict. If the event has already done something, its verdict stays. */
  note(event: OrderEvent, verdict: EventVerdict): Promise<void>;
  /**
   * Records the verdicts on events of one tenant, all or none. A verdict replaces an earlier one; `waiting` does so
   * only if the event has done nothing.
   * @param earned orders that earned with these events
   * @returns what {@link waitingFor} answers for `earned` once the verdicts are recorded
   */
  record(
    tenant: TenantId,
    judged: readonly JudgedEvent[],
    earned?: readonly string[],
  ): Promise<readonly WaitingEvent[]>;
  find(tenant: TenantId, id: EventId): Promise<KeptEvent | null>;
  /**
   * Claims keys for events. A key belongs to the first event that claims it, for as long as events are kept.
   * @param asked the keys to answer for
   * @returns the events that hold these keys, by key
   */
  claim(
    tenant: TenantId,
    claims: readonly EventClaim[],
    asked: readonly string[],
    at: EpochMs,
  ): Promise<ReadonlyMap<string, EventId>>;
  /** The events whose customers have been erased since: they must no longer do anything. */
  forgottenAmong(tenant: TenantId, ids: readonly EventId[]): Promise<ReadonlySet<EventId>>;
  /** Newest first. */
  list(tenant: TenantId, filter: EventFilter, page: EventPage): Promise<readonly EventSummary[]>;
  count(tenant: TenantId, filter: EventFilter): Promise<number>;
  /** The events that wait for one of the orders, oldest first; a bounded number for each order. */
  waitingFor(tenant: TenantId, orderIds: readonly string[]): Promise<readonly WaitingEvent[]>;
  /**
   * Forgets every event about the customer and the customer's orders: its content, and whose it was. The event's own
   * id, type, verdict and times stay. An event that was not finished gets the verdict `erased`.
   */
  forgetCustomer(tenant: TenantId, customerId: CustomerId, at: EpochMs): Promise<void>;
  /**
   * Takes at most `limit` events of all tenants that were not finished because something did not answer, and that are
   * due to be sent again. They are not due again before their next wait is over. An event that is too long for a
   * message is only named.
   */
  takeUndelivered(now: EpochMs, patience: ResendingPatience, limit: number): Promise<readonly QueuedEvent[]>;
  /** Removes at most `limit` events that arrived before `moment`, oldest first, and their keys. @returns how many */
  removeReceivedBefore(moment: EpochMs, limit: number): Promise<number>;
}

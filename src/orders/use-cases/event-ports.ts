import type { SummaryPage } from "../../platform/requests/page.ts";
import type { CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { EventId } from "../rules/event-id.ts";
import type { EventSubject } from "../rules/event-reading.ts";
import type { EventVerdict } from "../rules/event-verdict.ts";

/** An event on its way from whom it came to what becomes of it. */
export interface QueuedEvent {
  readonly tenant: TenantId;
  readonly id: EventId;
  readonly receivedAt: EpochMs;
  /** What is kept of it: an envelope or a bare order. */
  readonly event: JsonObject;
  /** Whom the event as it came has named; those whom `event` names, unless given. */
  readonly mentions?: readonly string[];
  /** Sent, or sent again, by somebody who means it: it is carried out, though it be old or known. */
  readonly isOnPurpose?: true;
}

/** An event that the inbox has: because it is too long for a message, or because it could not be read there. */
export type EventReference = Omit<QueuedEvent, "event" | "mentions">;

export type QueueMessage = QueuedEvent | EventReference;

/** A message of the queue. */
export interface EventMessage {
  readonly body: unknown;
  /** How often it has been delivered, this time included. */
  readonly attempts: number;
  ack(): void;
  retry(options: { readonly delaySeconds: number }): void;
}

/** Where events wait for being processed. */
export interface EventQueue {
  /** @throws {StoreUnavailable} when it is not certain that the event was taken. */
  send(message: QueueMessage): Promise<void>;
}

/** Checks who sent an event, where no token tells. */
export interface WebhookSignatures {
  /** Whether `signature` was made over `body` with one of the tenant's secrets; false when it has none. */
  verify(tenant: TenantId, body: string, signature: string): Promise<boolean>;
}

/** An event with what it is about. */
export interface InboxEvent extends QueuedEvent {
  readonly subject: EventSubject;
}

/** How an event was settled. */
export interface EventSettlement {
  readonly event: InboxEvent;
  readonly verdict: EventVerdict;
  /** True when the event itself is not to be kept, but only what became of it. */
  readonly isForgotten: boolean;
  readonly at: EpochMs;
}

/** What the inbox tells of an event, without the event itself. */
export interface KeptEventSummary extends EventSubject {
  readonly tenant: TenantId;
  readonly id: EventId;
  readonly verdict: EventVerdict["kind"];
  readonly points: number | null;
  readonly reason: string | null;
  readonly receivedAt: EpochMs;
  /** When it was last settled, or sent through the queue again by itself; null while it has never been. */
  readonly processedAt: EpochMs | null;
  /** How often it was settled, or sent again by itself. */
  readonly attempts: number;
}

export interface KeptEvent extends KeptEventSummary {
  /** What is kept of it; null once its customer has been forgotten, or when it cannot be read. */
  readonly event: JsonObject | null;
}

/** Names an event that waits for its order. */
export interface WaitingEvent {
  readonly id: EventId;
  readonly orderId: string;
}

/** What a list of events is narrowed to; null: not narrowed. */
export interface EventFilter {
  readonly orderId: string | null;
  readonly customerId: CustomerId | null;
  readonly verdict: EventVerdict["kind"] | null;
}

export type EventPage = SummaryPage;

/** That an event is the one which its key stands for. */
export interface EventClaim {
  readonly key: string;
  readonly id: EventId;
}

/** When an event that was not delivered is due for being sent again. */
export interface ResendingPatience {
  /** From its arrival; twice as long after each time that it was sent again. */
  readonly firstAfterMs: number;
  /** The longest time between two. */
  readonly longestMs: number;
  /** After so many times it is left to people. */
  readonly attemptsMax: number;
}

/**
 * Every event of the last months, with its verdict. Every method throws {@link StoreUnavailable}. An event that was
 * forgotten stays as it is, whatever is to be kept of it afterwards.
 */
export interface EventInbox {
  /** Keeps an event with a verdict for the time being; the verdict on an event that has done something stays. */
  note(event: InboxEvent, verdict: EventVerdict): Promise<void>;
  /**
   * Keeps the verdicts on events of one tenant, each in the place of an earlier one; `waiting` only where the event has
   * done nothing. All or none are kept.
   * @param earned orders that have earned with that
   * @returns what {@link waitingFor} tells of `earned` once the verdicts are kept
   */
  settle(
    tenant: TenantId,
    settlements: readonly EventSettlement[],
    earned?: readonly string[],
  ): Promise<readonly WaitingEvent[]>;
  find(tenant: TenantId, id: EventId): Promise<KeptEvent | null>;
  /**
   * Claims keys for events. A key belongs to the event that has claimed it first, for as long as events are kept.
   * @param asked keys about which the answer tells
   * @returns the events to which keys belong
   */
  claim(
    tenant: TenantId,
    claims: readonly EventClaim[],
    asked: readonly string[],
    at: EpochMs,
  ): Promise<ReadonlyMap<string, EventId>>;
  /** Those that are events of customers who have been erased since: they must do nothing any more. */
  forgottenAmong(tenant: TenantId, ids: readonly EventId[]): Promise<ReadonlySet<EventId>>;
  /** Newest first. */
  list(tenant: TenantId, filter: EventFilter, page: EventPage): Promise<readonly KeptEventSummary[]>;
  count(tenant: TenantId, filter: EventFilter): Promise<number>;
  /** The events that wait for one of the orders, oldest first; of each order a bounded number of them. */
  waitingFor(tenant: TenantId, orderIds: readonly string[]): Promise<readonly WaitingEvent[]>;
  /**
   * Forgets every event about the customer and the customer's orders, and whose it was: the event's own id, its type,
   * verdict and times stay. What had not come to its end is `erased`.
   */
  forgetCustomer(tenant: TenantId, customerId: CustomerId, at: EpochMs): Promise<void>;
  /**
   * Takes at most `limit` events of all tenants that were not carried through, because something did not answer, and
   * that are due for being sent again. They are not due again before their time has come once more. What is too long
   * for a message is only named.
   */
  takeUndelivered(now: EpochMs, patience: ResendingPatience, limit: number): Promise<readonly QueueMessage[]>;
  /** Removes at most `limit` of the events that came before `moment`, oldest first, and their keys. @returns how many */
  removeReceivedBefore(moment: EpochMs, limit: number): Promise<number>;
}

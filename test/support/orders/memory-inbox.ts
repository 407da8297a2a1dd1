import type { EventId } from "../../../src/orders/rules/event-id.ts";
import type { EventVerdict } from "../../../src/orders/rules/event-verdict.ts";
import type {
  EventClaim,
  EventInbox,
  KeptEvent,
  OrderEvent,
  WaitingEvent,
} from "../../../src/orders/use-cases/event-ports.ts";

/** What may still get another verdict for the time being. */
const hasDoneNothing = ({ kind }: EventVerdict): boolean =>
  kind === "waiting" || kind === "ignored" || kind === "failed";

/** What events need of an inbox, in memory: those that wait are found by their orders. */
export class MemoryInbox implements Partial<EventInbox> {
  readonly events = new Map<string, { readonly event: OrderEvent; readonly verdict: EventVerdict }>();

  note(event: OrderEvent, verdict: EventVerdict): Promise<void> {
    const known = this.events.get(event.id);
    if (known === undefined || hasDoneNothing(known.verdict)) this.events.set(event.id, { event, verdict });
    return Promise.resolve();
  }

  record(
    _tenant: string,
    judged: readonly { readonly event: OrderEvent; readonly verdict: EventVerdict }[],
    earned: readonly string[] = [],
  ): Promise<readonly WaitingEvent[]> {
    for (const { event, verdict } of judged) {
      const known = this.events.get(event.id);
      const isLate = verdict.kind === "waiting" && known !== undefined && !hasDoneNothing(known.verdict);
      if (!isLate) this.events.set(event.id, { event, verdict });
    }
    const waiting = [...this.events.values()].filter(
      ({ event, verdict }) => verdict.kind === "waiting" && earned.includes(event.subject.orderId ?? ""),
    );
    return Promise.resolve(waiting.map(({ event }) => ({ id: event.id, orderId: event.subject.orderId ?? "" })));
  }

  claim(_tenant: string, claims: readonly EventClaim[]): Promise<ReadonlyMap<string, EventId>> {
    return Promise.resolve(new Map(claims.map(({ key, id }) => [key, id])));
  }

  forgottenAmong(): Promise<ReadonlySet<EventId>> {
    return Promise.resolve(new Set());
  }

  find(_tenant: string, id: string): Promise<KeptEvent | null> {
    const kept = this.events.get(id);
    if (kept === undefined) return Promise.resolve(null);
    const { event, verdict } = kept;
    const { subject, ...rest } = event;
    const more = { verdict: verdict.kind, points: null, reason: null, detail: null, processedAt: null, attempts: 1 };
    return Promise.resolve({ ...subject, ...rest, ...more });
  }
}

import type { Context } from "./context.ts";
import type { EventFilter, EventPage, EventSummary } from "./event-ports.ts";

/** One page of the inbox, newest first, and on request the number of all events that match; null: not requested. */
export async function findEvents(
  { services, principal }: Context,
  filter: EventFilter,
  { page, withTotal }: { readonly page: EventPage; readonly withTotal: boolean },
): Promise<{ readonly events: readonly EventSummary[]; readonly total: number | null }> {
  const { eventInbox } = services;
  const [events, total] = await Promise.all([
    eventInbox.list(principal.tenant, filter, page),
    withTotal ? eventInbox.count(principal.tenant, filter) : null,
  ]);
  return { events, total };
}

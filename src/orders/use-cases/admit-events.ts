import canonicalize from "canonicalize";
import { sha256Hex } from "../../platform/runtime/sha256.ts";
import type { TenantId } from "../../platform/values/identifiers.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import type { EventId } from "../rules/event-id.ts";
import { projectEvent } from "../rules/event-projection.ts";
import { eventTime } from "../rules/event-time.ts";
import { type EventVerdict, ignored } from "../rules/event-verdict.ts";
import type { Services } from "./context.ts";
import type { OrderEvent } from "./event-ports.ts";
import { eventsKeptDays } from "./prune-events.ts";

const dayMs = 24 * 60 * 60 * 1_000;

/** Whether {@link refusedAmong} must check the event. */
export const mayBeRefused = (event: OrderEvent): boolean => idOf(event.event) !== null || isTooOld(event);

/**
 * Finds those of a tenant's events that must do nothing: repetitions, recognized by the sender's id and content, and
 * events older than everything the inbox remembers. An event that somebody sent on purpose is never among them, even
 * when it later comes again by itself.
 * @returns their verdicts
 * @throws {StoreUnavailable} when this cannot be determined
 */
export async function refusedAmong<Event extends OrderEvent>(
  { eventInbox, clock }: Services,
  tenant: TenantId,
  events: readonly Event[],
): Promise<ReadonlyMap<Event, EventVerdict>> {
  const candidates = events.flatMap((event) => {
    const [identity, isOld] = [identityOf(event.event), isTooOld(event)];
    return identity === null && !isOld ? [] : [{ event, identity, isOld }];
  });
  if (candidates.length === 0) return new Map();
  const claims = candidates.flatMap(({ event: { id, isOnPurpose }, identity }) => [
    ...(identity === null ? [] : [{ key: identity, id }]),
    ...(isOnPurpose ? [{ key: id as string, id }] : []),
  ]);
  const asked = candidates.flatMap(({ event, identity }) => [event.id, ...(identity === null ? [] : [identity])]);
  const holders: ReadonlyMap<string, EventId> = await eventInbox.claim(tenant, claims, asked, clock.now());
  const refused = new Map<Event, EventVerdict>();
  for (const { event, identity, isOld } of candidates) {
    if (holders.has(event.id)) continue;
    if (identity !== null && holders.get(identity) !== event.id) refused.set(event, { kind: "duplicate" });
    else if (isOld) refused.set(event, ignored("too_old"));
  }
  return refused;
}

/**
 * Those of the events, as their sender writes them, that the inbox knows already: an event with the same id and content
 * has been processed.
 * @throws {StoreUnavailable} when this cannot be determined
 */
export async function knownAmong(
  { eventInbox, clock }: Services,
  tenant: TenantId,
  events: readonly JsonObject[],
): Promise<ReadonlySet<JsonObject>> {
  const identified = events.flatMap((event) => {
    const identity = identityOf(projectEvent(event));
    return identity === null ? [] : [{ event, identity }];
  });
  const asked = identified.map(({ identity }) => identity);
  const holders = await eventInbox.claim(tenant, [], asked, clock.now());
  return new Set(identified.flatMap(({ event, identity }) => (holders.has(identity) ? [event] : [])));
}

/**
 * Whether somebody sent the event on purpose. This is remembered for when the timer sends the event again.
 * @throws {StoreUnavailable} when this cannot be determined
 */
export async function isSentOnPurpose(
  { eventInbox, clock }: Services,
  { tenant, id, isOnPurpose }: OrderEvent,
): Promise<boolean> {
  const claims = isOnPurpose ? [{ key: id, id }] : [];
  return (await eventInbox.claim(tenant, claims, [id], clock.now())).has(id);
}

/**
 * What an event is recognized by when it comes again; null when its envelope has no `id`. The content counts as well,
 * so senders who number their events wrongly lose none.
 */
function identityOf(kept: JsonObject): string | null {
  const id = idOf(kept);
  if (id === null) return null;
  const { type, eventType, payload } = kept;
  return sha256Hex(canonicalize([id, type ?? eventType, payload]) ?? "");
}

/** The sender's id of the event. An order without an envelope has none: its `id` is the order's. */
function idOf(event: JsonObject): string | null {
  const { id } = event;
  return Object.hasOwn(event, "payload") && typeof id === "string" && id !== "" ? id : null;
}

function isTooOld({ event, subject, receivedAt }: OrderEvent): boolean {
  const time = eventTime(event, subject.type);
  return time !== null && receivedAt - time > eventsKeptDays * dayMs;
}

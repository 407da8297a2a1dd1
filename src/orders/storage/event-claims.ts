import { and, eq, inArray, sql } from "drizzle-orm";
import { answeredWrite } from "../../platform/storage/answered.ts";
import { builtOnce } from "../../platform/storage/built-once.ts";
import { itemsOf } from "../../platform/storage/conditions.ts";
import { inParameters } from "../../platform/storage/json-parameters.ts";
import { rowsFromJson, said } from "../../platform/storage/json-rows.ts";
import type { TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { EventId } from "../rules/event-id.ts";
import type { EventClaim, EventInbox } from "../use-cases/event-ports.ts";
import { knownEvents } from "./tables.ts";

/** An event may be known by its content, and because it was sent on purpose. */
export const claimsOfEventMax = 2;

/** The input of {@link EventInbox.claim}. */
interface Claiming {
  readonly tenant: TenantId;
  readonly claims: readonly EventClaim[];
  readonly asked: readonly string[];
  readonly at: EpochMs;
}

/** Claims those keys that are free. @returns the events that hold the keys in `asked`, by key */
export async function claimEvents(
  databases: TenantDatabases,
  { tenant, claims, asked, at }: Claiming,
): Promise<ReadonlyMap<string, EventId>> {
  const database = databases.of(tenant);
  const taken = inParameters(claims).map((rows) => claimed(database, { tenant, rows, at }));
  const held = inParameters(asked).map((keys) => holdersOf(database, { tenant, keys }));
  if (held.length === 0) return new Map();
  const answers = await answeredWrite(database.batch<{ key: string; eventId: EventId }>([...taken, ...held]));
  const rows = answers.slice(taken.length).flatMap(({ results }) => results);
  return new Map(rows.map(({ key, eventId }) => [key, eventId]));
}

const claimed = builtOnce<"tenant" | "rows" | "at">((drizzle) =>
  drizzle
    .insert(knownEvents)
    .select(
      rowsFromJson(knownEvents, "rows", sql`true`, {
        tenant: sql`${sql.placeholder("tenant")}`,
        eventId: said("id"),
        receivedAt: sql`${sql.placeholder("at")}`,
      }),
    )
    .onConflictDoNothing(),
);

const holdersOf = builtOnce<"tenant" | "keys">((drizzle) =>
  drizzle
    .select({ key: knownEvents.key, eventId: sql<string>`${knownEvents.eventId}`.as("eventId") })
    .from(knownEvents)
    .where(
      and(
        eq(knownEvents.tenant, sql.placeholder("tenant")),
        inArray(knownEvents.key, itemsOf(sql.placeholder("keys"))),
      ),
    ),
);

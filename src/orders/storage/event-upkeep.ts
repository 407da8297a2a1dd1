import { and, asc, lt, sql } from "drizzle-orm";
import { answeredWrite } from "../../platform/storage/answered.ts";
import { among } from "../../platform/storage/conditions.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { isHere } from "../../tenants/storage/at-home.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { QueuedEvent, ResendingPatience } from "../use-cases/event-ports.ts";
import { queuedBytesMax } from "../use-cases/queue-event.ts";
import { claimsOfEventMax } from "./event-claims.ts";
import { isNotForgotten, isUndelivered, readableObject } from "./event-row.ts";
import { knownEvents, orderEvents } from "./tables.ts";

/** Takes unfinished events that are due to be sent again. */
export async function takeUndelivered(
  databases: TenantDatabases,
  { now, patience, limit }: { readonly now: EpochMs; readonly patience: ResendingPatience; readonly limit: number },
): Promise<readonly QueuedEvent[]> {
  const { firstAfterMs, longestMs, attemptsMax } = patience;
  const sinceLast = sql`${now} - coalesce(${orderEvents.processedAt}, ${orderEvents.receivedAt})`;
  const taken = await databases.takeFromAll(limit, ({ drizzle }, room) => {
    const due = drizzle
      .select({ tenant: orderEvents.tenant, id: orderEvents.id })
      .from(orderEvents)
      .where(
        and(
          // Spelt out as in the index; otherwise SQLite does not use the index.
          sql`${orderEvents.verdict} in ('waiting', 'failed')`,
          isNotForgotten,
          isUndelivered,
          lt(orderEvents.attempts, attemptsMax),
          sql`${sinceLast} >= min(${longestMs}, ${firstAfterMs} * (1 << ${orderEvents.attempts}))`,
          isHere(orderEvents.tenant),
        ),
      )
      .orderBy(asc(orderEvents.processedAt))
      .limit(room);
    return answeredWrite(
      drizzle
        .update(orderEvents)
        .set({ processedAt: now, attempts: sql`${orderEvents.attempts} + 1` })
        .where(sql`(${orderEvents.tenant}, ${orderEvents.id}) in (${due})`)
        .returning({
          tenant: orderEvents.tenant,
          id: orderEvents.id,
          receivedAt: orderEvents.receivedAt,
          // Fifty long events would not fit into an isolate.
          payload: sql<
            string | null
          >`iif(octet_length(${orderEvents.payload}) <= ${queuedBytesMax}, ${orderEvents.payload}, null)`,
        })
        .execute(),
    );
  });
  return taken.map(({ tenant, id, receivedAt, payload }) => {
    const named = { tenant, id, receivedAt };
    const event = payload === null ? null : readableObject(payload);
    return event === null ? named : { ...named, event };
  });
}

/** Removes events that arrived before a moment, and their keys. @returns how many events */
export async function removeEventsBefore(databases: TenantDatabases, moment: EpochMs, limit: number): Promise<number> {
  const removed = await databases.takeFromAll(limit, async ({ drizzle }, room) => {
    const { tenant, key, receivedAt } = knownEvents;
    const known = drizzle
      .select({ tenant, key })
      .from(knownEvents)
      .where(and(lt(receivedAt, moment), isHere(tenant)))
      .orderBy(asc(receivedAt))
      .limit(room * claimsOfEventMax);
    const oldest = drizzle
      .select({ tenant: orderEvents.tenant, id: orderEvents.id })
      .from(orderEvents)
      .where(and(lt(orderEvents.receivedAt, moment), isHere(orderEvents.tenant)))
      .orderBy(asc(orderEvents.receivedAt))
      .limit(room);
    const [, events] = await answeredWrite(
      drizzle.batch([
        drizzle.delete(knownEvents).where(among({ tenant, key }, known)),
        drizzle
          .delete(orderEvents)
          .where(sql`(${orderEvents.tenant}, ${orderEvents.id}) in (${oldest})`)
          .returning({ id: orderEvents.id }),
      ]),
    );
    return events;
  });
  return removed.length;
}

import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { D1EventInbox } from "../../../src/orders/storage/event-inbox.ts";
import { refusedAmong } from "../../../src/orders/use-cases/admit-events.ts";
import type { QueuedEvent } from "../../../src/orders/use-cases/event-ports.ts";
import { orderEventOf } from "../../../src/orders/use-cases/queue-event.ts";
import { StoreUnavailable } from "../../../src/platform/runtime/store-errors.ts";
import type { TenantId } from "../../../src/platform/values/identifiers.ts";
import { memberAt } from "../../../src/platform/values/json-member.ts";
import type { JsonObject } from "../../../src/platform/values/json-object.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { EmporixChanges } from "../../../src/polling/integrations/emporix-changes.ts";
import { D1PositionStore } from "../../../src/polling/storage/position-store.ts";
import type { Services } from "../../../src/polling/use-cases/context.ts";
import { pollChanges } from "../../../src/polling/use-cases/poll-changes.ts";
import { TenantDatabases } from "../../../src/tenants/storage/tenant-databases.ts";
import { EmporixStandIn } from "../../support/emporix-stand-in.ts";
import { VirtualTime } from "../../support/virtual-time.ts";

const second = 1_000;
const minute = 60 * second;
const databases = TenantDatabases.one(env.DB);

let tests = 0;
let tenant: TenantId;
let time: VirtualTime;
let standIn: EmporixStandIn;

beforeEach(() => openTenant());

function openTenant(): void {
  tests += 1;
  tenant = `polling-${tests}` as TenantId;
  time = new VirtualTime();
  standIn = new EmporixStandIn({ time });
}

const iso = (at: number) => new Date(at).toISOString();
const putOrder = (id: string, at = time.now(), more: object = {}) =>
  standIn.putOrder(tenant, { id, status: "COMPLETED", customer: { id: "C1" }, lastStatusChange: iso(at), ...more });
const putReturn = (id: string, at = time.now()) =>
  standIn.putReturn(tenant, {
    id,
    approvalStatus: "APPROVED",
    orders: [{ id: "O1" }],
    metadata: { modifiedAt: iso(at) },
  });

/** An order, and which of its states. */
const stateOf = (order: unknown): string =>
  JSON.stringify(["id", "lastStatusChange", "metadata.version"].map((path) => memberAt(order as JsonObject, path)));

interface Poller {
  readonly poll: () => ReturnType<typeof pollChanges>;
  /** What went into the queue, and has not been taken out. */
  readonly queue: QueuedEvent[];
  readonly logged: string[];
}

/** @param meanwhile runs after each answer of Emporix's lists, and before each event goes into the queue */
function poller(meanwhile: { readonly answered?: () => void; readonly sending?: () => void } = {}): Poller {
  const queue: QueuedEvent[] = [];
  const logged: string[] = [];
  const note = (event: string) => void logged.push(event);
  const log = { info: note, warn: note, error: note };
  const fetch: typeof standIn.fetch = async (url, init) => {
    const answer = await standIn.fetch(url, init);
    if (!url.includes("/oauth/")) meanwhile.answered?.();
    return answer;
  };
  const services = {
    clock: { now: () => Math.floor(time.now()) as EpochMs },
    log,
    newId: () => crypto.randomUUID(),
    eventInbox: new D1EventInbox(databases),
    eventQueue: {
      async send(event: QueuedEvent) {
        meanwhile.sending?.();
        queue.push(event);
      },
    },
    positions: new D1PositionStore(databases),
    changeSource: new EmporixChanges(standIn.access, tenant, { log, fetch, time }),
  } as unknown as Services;
  return { poll: () => pollChanges(services), queue, logged };
}

/** Takes the events out of the queue. @returns what the inbox lets through: repetitions are refused */
async function consumed({ queue }: Poller): Promise<readonly JsonObject[]> {
  const events = queue.splice(0).map((queued) => orderEventOf({ ...queued, event: queued.event ?? {} }));
  const services = {
    clock: { now: () => Math.floor(time.now()) as EpochMs },
    eventInbox: new D1EventInbox(databases),
  } as unknown as Services;
  const refused = await refusedAmong(services, tenant, events);
  return events.filter((event) => !refused.has(event)).map(({ event }) => event);
}

const idsOf = (events: readonly JsonObject[]) => events.map((event) => memberAt(event, "payload.id")).sort();

/** The first run only marks where to begin. */
async function begun(): Promise<Poller> {
  const first = poller();
  expect(await first.poll()).toMatchObject({ received: 0, unread: 0 });
  time.pass(10 * minute);
  return first;
}

describe("orders and returns that are read at Emporix", () => {
  test("begin with the first run, and are received once each", async () => {
    putOrder("before", time.now() - 60 * minute);
    const reader = await begun();
    putOrder("O1");
    putOrder("O2", time.now() + second);
    putOrder("open", time.now() + second, { status: "CREATED" });
    putOrder("gone", time.now() + second, { status: "DECLINED" });
    putReturn("R1");
    expect(await reader.poll()).toMatchObject({ received: 4, unread: 0 });
    expect(idsOf(await consumed(reader))).toEqual(["O1", "O2", "R1", "gone"]);
    time.pass(minute);
    expect(await reader.poll()).toEqual({ received: 0, known: 4, refused: 0, unread: 0 });
    // A later state of the same order is another event.
    putOrder("O1", time.now(), { status: "CANCELLED" });
    expect(await reader.poll()).toMatchObject({ received: 1 });
    expect(idsOf(await consumed(reader))).toEqual(["O1"]);
  });

  test("carry the moment of their change, by which a later state is known", async () => {
    const reader = await begun();
    putOrder("O1", time.now() - second, { metadata: { version: 7 } });
    await reader.poll();
    const [event] = await consumed(reader);
    expect(event).toMatchObject({ type: "order.updated", time: iso(time.now() - second), payload: { id: "O1" } });
  });

  test("are read with the scopes and in the words of the published lists", async () => {
    const reader = await begun();
    await reader.poll();
    const asked = standIn.requests.findLast(({ operation }) => operation === "orders.list");
    expect(Object.fromEntries(asked?.query ?? [])).toEqual({
      q: `status:(COMPLETED,DECLINED,CANCELLED) lastStatusChange:(>="${iso(time.now() - 15 * minute)}")`,
      sort: "lastStatusChange:asc",
      pageNumber: "1",
      pageSize: "20",
    });
    expect(standIn.requests[0]?.body).toContain("order.order_read+returns.returns_read");
  });

  test("are all read when more changed at one moment than a page holds", async () => {
    const reader = await begun();
    const at = time.now();
    for (let order = 0; order < 45; order += 1) putOrder(`O${order}`, at);
    await reader.poll();
    expect(new Set(idsOf(await consumed(reader))).size).toBe(45);
  });

  test("are read on where a run ended that had too much to do", async () => {
    const reader = await begun();
    const from = time.now();
    for (let order = 0; order < 60; order += 1) putOrder(`O${order}`, from + order);
    let answers = 0;
    const slow = poller({
      answered: () => {
        answers += 1;
        if (answers === 2) time.pass(20 * second);
      },
    });
    await slow.poll();
    expect(slow.queue.length).toBeLessThan(60);
    await consumed(slow);
    await reader.poll();
    const rest = idsOf(await consumed(reader));
    expect(rest).toContain("O59");
    expect(rest).not.toContain("O0");
  });
});

describe("nothing is lost and nothing counts twice", () => {
  test("when the queue stops taking events, at any of them", async () => {
    for (const failing of [1, 2, 25, 40]) {
      openTenant();
      const reader = await begun();
      const from = time.now();
      for (let order = 0; order < 40; order += 1) putOrder(`O${order}`, from + order);
      let sends = 0;
      const crashing = poller({
        sending: () => {
          sends += 1;
          if (sends >= failing) throw new StoreUnavailable("The queue does not answer.");
        },
      });
      await expect(crashing.poll()).rejects.toThrow(StoreUnavailable);
      const before = await consumed(crashing);
      await reader.poll();
      const after = await consumed(reader);
      expect(idsOf([...before, ...after])).toEqual(Array.from({ length: 40 }, (_, order) => `O${order}`).sort());
    }
  });

  test.each(["hang-before-acting", 503, 429, 400, 403, "garbage", "drop-after-acting"] as const)(
    "when Emporix fails in the middle: %s",
    async (fault) => {
      const reader = await begun();
      const from = time.now();
      for (let order = 0; order < 50; order += 1) putOrder(`O${order}`, from + order);
      let answers = 0;
      const failing = poller({
        answered: () => {
          answers += 1;
          if (answers === 1) standIn.always("orders.list", fault);
        },
      });
      // What else changed is read all the same.
      putReturn("R1");
      expect(await failing.poll()).toMatchObject({ received: 21, unread: 1 });
      expect(failing.logged).toContain("changes_not_read");
      const before = await consumed(failing);
      standIn.always("orders.list", null);
      await reader.poll();
      expect(idsOf([...before, ...(await consumed(reader))])).toHaveLength(51);
    },
  );

  test("when an order claims to have changed in a hundred years", async () => {
    const reader = await begun();
    putOrder("future", time.now() + 100 * 365 * 24 * 60 * minute);
    await reader.poll();
    expect(idsOf(await consumed(reader))).toEqual(["future"]);
    time.pass(10 * minute);
    putOrder("O1");
    await reader.poll();
    expect(idsOf(await consumed(reader))).toEqual(["O1"]);
  });

  test("when Emporix does not sort: nothing is read, and the position stays", async () => {
    const reader = await begun();
    const from = time.now();
    putOrder("O1", from);
    putOrder("O2", from + second);
    const [first, last] = [...standIn.orders.values()];
    standIn.next("orders.list", { status: 200, body: JSON.stringify([last, first]) });
    expect(await reader.poll()).toMatchObject({ received: 0, unread: 1 });
    await reader.poll();
    expect(idsOf(await consumed(reader))).toEqual(["O1", "O2"]);
  });

  test("when two read at once", async () => {
    await begun();
    const from = time.now();
    for (let order = 0; order < 30; order += 1) putOrder(`O${order}`, from + order);
    const both = [poller(), poller()];
    await Promise.all(both.map((one) => one.poll()));
    const letIn = [...(await consumed(both[0] as Poller)), ...(await consumed(both[1] as Poller))];
    expect(idsOf(letIn)).toEqual(Array.from({ length: 30 }, (_, order) => `O${order}`).sort());
  });

  test("when orders change while they are read, and some become visible late: every last state arrives", async () => {
    const step = fc.record({ order: fc.nat(39), afterPage: fc.nat(4), lateMs: fc.nat(4 * minute) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        openTenant();
        await begun();
        const from = time.now();
        for (let order = 0; order < 40; order += 1) putOrder(`O${order}`, from + order);
        let answers = 0;
        const reader = poller({
          answered: () => {
            answers += 1;
            time.pass(second);
            for (const { order, lateMs } of steps.filter(({ afterPage }) => afterPage === answers)) {
              // It changed a while ago, and only now do others see it.
              const at = Math.max(time.now() - lateMs, from + order);
              putOrder(`O${order}`, at, { metadata: { version: answers } });
            }
          },
        });
        const arrived: JsonObject[] = [];
        for (let run = 0; run < 2; run += 1) {
          await reader.poll();
          arrived.push(...(await consumed(reader)));
          time.pass(minute);
        }
        const kept = new Set(arrived.map((event) => stateOf(memberAt(event, "payload"))));
        for (const order of standIn.orders.values()) expect(kept).toContain(stateOf(order));
        expect(kept.size).toBe(arrived.length);
      }),
      { numRuns: 15 },
    );
  });
});

test("without a source, nothing is asked", async () => {
  const services = { changeSource: null } as unknown as Services;
  expect(await pollChanges(services)).toEqual({ received: 0, known: 0, refused: 0, unread: 0 });
});

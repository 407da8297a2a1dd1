import { createExecutionContext, createMessageBatch, createScheduledController, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { noRateLimits } from "../../../src/access/integrations/binding-rate-limiter.ts";
import { createApp } from "../../../src/app.ts";
import { readConfiguration } from "../../../src/env.ts";
import { CloudflareEventQueue } from "../../../src/orders/integrations/event-queue.ts";
import type { QueuedEvent } from "../../../src/orders/use-cases/event-ports.ts";
import type { Services } from "../../../src/platform/http/services.ts";
import worker from "../../../src/worker.ts";
import { completedOrder, orderUpdated, queued } from "../../support/orders/order-events.ts";
import { sendSigned, signatureOf, sortedJson } from "../../support/orders/signed-events.ts";
import { type Answer, call, Shop } from "../../support/shop.ts";
import { customerToken, employeeToken, manage, view } from "../../support/tokens.ts";

const accepted = { status: 202, body: { id: expect.stringMatching(/^[0-9a-f-]{36}$/) } };
const refusedSignature = {
  status: 401,
  body: { fault: { detail: { errorcode: "webhook.InvalidSignature" } } },
};
const refusedToken = { status: 401, body: { fault: { detail: { errorcode: "oauth.v2.InvalidAccessToken" } } } };
const notCompleted = (id: string, more: object = {}) => completedOrder(id, { status: "CREATED", ...more });

/** Hands events to the consumer, as the queue does. */
async function consume(events: readonly QueuedEvent[], queue = "reward-points-events", attempts = 1) {
  const messages = events.map((event, index) => ({
    id: String(index),
    timestamp: new Date(),
    attempts,
    body: event,
  }));
  const batch = createMessageBatch(queue, messages);
  const context = createExecutionContext();
  await worker.queue(batch, env);
  return getQueueResult(batch, context);
}

describe("a webhook", () => {
  const tenant = "signed";
  const path = `/reward-points/${tenant}/events`;
  const event = { type: "order.updated", payload: notCompleted("SIGNED1") };

  test("is taken in with a signature of either secret", async () => {
    expect(await sendSigned(tenant, event, "new-secret")).toMatchObject(accepted);
    expect(await sendSigned(tenant, event, "old-secret")).toMatchObject(accepted);
  });

  test("with the published signature", async () => {
    const headers = {
      "Content-Type": "application/json",
      "emporix-event-signature": "jb8JZDNC83svU5syKju4xb4uONdKJJxGoGt8INAFGwU=",
    };
    const body = '{"z":null,"b":1.0,"a":{"d":2.5,"c":[3,1]}}';
    expect(await call("POST", "/reward-points/vector/events", { body, headers })).toMatchObject(accepted);
    expect(await call("POST", path, { body, headers })).toMatchObject(refusedSignature);
  });

  test("with a signature over its bytes", async () => {
    const body = JSON.stringify(event, null, 3);
    const headers = {
      "Content-Type": "application/json",
      "emporix-event-signature": await signatureOf("new-secret", body),
    };
    expect(await call("POST", path, { body, headers })).toMatchObject(accepted);
    expect(await call("POST", path, { body: body.replace("SIGNED1", "SIGNED2"), headers })).toMatchObject(
      refusedSignature,
    );
  });

  test("with a wrong signature, or none, is refused", async () => {
    const refused = await sendSigned(tenant, event, "another-secret");
    expect(refused).toMatchObject(refusedSignature);
    expect(refused.headers.get("WWW-Authenticate")).toBe("Bearer");
    expect(await sendSigned("unsigned", event, "new-secret")).toMatchObject(refusedSignature);
    expect(await sendSigned("Not-A-Tenant", event, "new-secret")).toMatchObject(refusedSignature);
    expect(await call("POST", path, { json: event, headers: { "emporix-event-signature": "" } })).toMatchObject(
      refusedSignature,
    );
    expect(await call("POST", path, { json: event })).toMatchObject(refusedToken);
  });

  test("that comes with a token, too, needs both to be right", async () => {
    const token = await employeeToken(tenant, manage);
    const send = (secret: string, bearer: string) =>
      sendSigned(tenant, event, secret, { Authorization: `Bearer ${bearer}` });
    expect(await send("new-secret", token)).toMatchObject(accepted);
    expect(await send("another-secret", token)).toMatchObject(refusedSignature);
    expect(await send("new-secret", "garbage")).toMatchObject(refusedToken);
    expect((await send("new-secret", await employeeToken(tenant, view))).status).toBe(403);
    expect((await send("new-secret", await employeeToken("elsewhere", manage))).status).toBe(403);
  });

  test("must be JSON, an object, and no larger than 1 MB", async () => {
    const send = async (body: string, contentType = "application/json") =>
      call("POST", path, {
        body,
        headers: { "Content-Type": contentType, "emporix-event-signature": await signatureOf("new-secret", body) },
      });
    expect((await send("{")).status).toBe(400);
    expect((await send("[]")).status).toBe(400);
    expect((await send("5")).status).toBe(400);
    expect((await send("{}", "text/plain")).status).toBe(415);
    expect((await send(JSON.stringify({ a: "x".repeat(1_000_000) }))).status).toBe(202);
    expect((await send(JSON.stringify({ a: "x".repeat(1024 * 1024) }))).status).toBe(413);
    expect((await send(`{"a":${"[".repeat(5_000)}${"]".repeat(5_000)}}`)).status).toBe(400);
  });

  test("that the queue does not take is answered 503, so that it is sent again", async () => {
    const down = { send: () => Promise.reject(new Error("The queue is down.")) };
    const services = {
      eventQueue: new CloudflareEventQueue(down as unknown as Queue<QueuedEvent>),
      webhookSignatures: { verify: () => Promise.resolve(true) },
      rateLimiter: noRateLimits,
      clock: { now: () => 0 },
      log: { info: () => {}, warn: () => {}, error: () => {} },
      newId: () => crypto.randomUUID(),
    } as unknown as Services;
    const answer = await createApp(services, { corsOrigins: [] }).request(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "emporix-event-signature": "any" },
      body: JSON.stringify(event),
    });
    expect(answer.status).toBe(503);
    expect(answer.headers.get("Retry-After")).toBe("2");
  });
});

describe("the list of events", () => {
  let shop: Shop;
  let path: string;
  let ids: string[];

  const list = async (query = "", headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    shop.manage("GET", `${path}${query}`, undefined, headers);
  const idsOf = ({ body }: Answer) => (body as { id: string }[]).map(({ id }) => id);

  beforeAll(async () => {
    shop = await Shop.open();
    path = `/reward-points/${shop.tenant}/events`;
    const events = [
      notCompleted("A"),
      notCompleted("B", { customer: { id: "c b" } }),
      { type: "return.deleted", payload: { id: "R" } },
      { type: "product.updated", payload: {} },
      notCompleted("A"),
    ].map((event) => queued(shop.tenant, event));
    ids = events.map(({ id }) => id as string);
    await consume(events);
    await consume([queued("somebody", notCompleted("A"))]);
  });

  test("shows every event with its verdict, newest first", async () => {
    const answer = await list();
    expect(idsOf(answer)).toEqual(ids.toReversed());
    expect((answer.body as object[])[4]).toEqual({
      id: ids[0],
      type: "order",
      orderId: "A",
      customerId: "61443563",
      siteCode: "main",
      verdict: "ignored",
      reason: "order_not_completed",
      receivedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      processedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      attempts: 1,
    });
    expect(answer.headers.get("X-Total-Count")).toBeNull();
  });

  test("can be narrowed to an order, a customer and a verdict", async () => {
    expect(idsOf(await list("?orderId=A"))).toEqual([ids[4], ids[0]]);
    expect(idsOf(await list("?customerId=c%20b"))).toEqual([ids[1]]);
    expect(idsOf(await list("?orderId=A&customerId=c%20b"))).toEqual([]);
    expect(idsOf(await list("?verdict=ignored"))).toHaveLength(5);
    expect(idsOf(await list("?verdict=granted"))).toEqual([]);
  });

  test("comes in pages, and tells on request how many there are", async () => {
    const counted = await list("?pageSize=2&pageNumber=2", { "X-Total-Count": "true" });
    expect(idsOf(counted)).toEqual([ids[2], ids[1]]);
    expect(counted.headers.get("X-Total-Count")).toBe("5");
    expect(idsOf(await list("?pageSize=2&pageNumber=3"))).toEqual([ids[0]]);
    expect(idsOf(await list("?pageNumber=9"))).toEqual([]);
    const narrowed = await list("?orderId=A&pageSize=1", { "X-Total-Count": "true" });
    expect(narrowed.headers.get("X-Total-Count")).toBe("2");
  });

  test.each(["?verdict=lost", "?pageSize=201", "?pageSize=0", "?pageNumber=x", "?orderId=", "?customerId=%00"])(
    "refuses %s",
    async (query) => {
      expect((await list(query)).status).toBe(400);
    },
  );

  test("is not for customers", async () => {
    const token = await customerToken(shop.tenant, "61443563");
    expect((await call("GET", path, { token })).status).toBe(403);
  });

  test("has each event as it came", async () => {
    expect(await shop.manage("GET", `${path}/${ids[3]}`)).toMatchObject({
      status: 200,
      body: {
        id: ids[3],
        type: "product.updated",
        verdict: "ignored",
        reason: "unknown_event_type",
        event: { type: "product.updated", payload: {} },
      },
    });
    expect(await shop.manage("GET", `${path}/nothing`)).toMatchObject({
      status: 404,
      body: { type: "resource_not_found" },
    });
  });
});

describe("an event can be processed again", () => {
  test("after the site was switched on", async () => {
    const shop = await Shop.open(null);
    const event = queued(shop.tenant, completedOrder("EON1"));
    await consume([event]);
    const path = `/reward-points/${shop.tenant}/events/${event.id}`;
    expect((await shop.manage("GET", path)).body).toMatchObject({ reason: "site_unknown_or_switched_off" });
    const couponSettings = { rewardpoints: { enabled: true, orderValueToRewardPointsFactor: 1 } };
    await shop.manage("POST", `/site/${shop.tenant}/sites/main/mixins`, { couponSettings });

    const replayed = await shop.manage("POST", `${path}/replay`);

    expect(replayed).toMatchObject({ status: 202, body: { id: event.id } });
    await expect
      .poll(async () => (await shop.manage("GET", path)).body, { timeout: 10_000, interval: 200 })
      .toMatchObject({ verdict: "granted", points: 433, attempts: 2 });
  });

  test("unless it is unknown, or its customer has been erased", async () => {
    const shop = await Shop.open();
    const event = queued(shop.tenant, notCompleted("A"));
    const gone = queued(shop.tenant, { type: "customer.deleted", payload: { customerNumber: "61443563" } });
    await consume([event, gone]);
    const replay = (id: string) => shop.manage("POST", `/reward-points/${shop.tenant}/events/${id}/replay`);
    expect(await replay("nothing")).toMatchObject({ status: 404 });
    expect(await replay(event.id)).toMatchObject({ status: 409, body: { type: "event_forgotten" } });
    const stranger = await Shop.open();
    expect((await stranger.manage("POST", `/reward-points/${stranger.tenant}/events/${event.id}/replay`)).status).toBe(
      404,
    );
  });
});

describe("the queue's consumer", () => {
  test("acknowledges what has its verdict", async () => {
    const shop = await Shop.open();
    const events = [queued(shop.tenant, notCompleted("A")), queued(shop.tenant, notCompleted("B"))];
    expect(await consume(events)).toMatchObject({ explicitAcks: ["0", "1"], retryMessages: [] });
  });

  test("takes dead letters over as failed", async () => {
    const shop = await Shop.open();
    const event = queued(shop.tenant, orderUpdated("A"));
    expect(await consume([event], "reward-points-events-dlq", 6)).toMatchObject({ explicitAcks: ["0"] });
    const { body } = await shop.manage("GET", `/reward-points/${shop.tenant}/events/${event.id}`);
    expect(body).toMatchObject({ verdict: "failed", reason: "gave_up", detail: "unavailable" });
  });
});

test("the timer removes old events", async () => {
  const old = { ...queued("cleaned", notCompleted("A")), receivedAt: 1 as QueuedEvent["receivedAt"] };
  await consume([old]);
  const count = () =>
    env.DB.prepare("select count(*) as count from order_events where tenant = 'cleaned'").first<number>("count");
  expect(await count()).toBe(1);
  await worker.scheduled(createScheduledController(), env);
  expect(await count()).toBe(0);
});

describe("webhook secrets", () => {
  const read = (WEBHOOK_SECRETS: unknown) => readConfiguration({ ...env, WEBHOOK_SECRETS }).WEBHOOK_SECRETS;

  test("are lists by tenant; none is fine, too", () => {
    expect([...read('{"demo":["a","b"],"other":[]}')]).toEqual([
      ["demo", ["a", "b"]],
      ["other", []],
    ]);
    expect(read(undefined).size).toBe(0);
    expect(read("").size).toBe(0);
  });

  test.each(["{", "[]", '"x"', '{"demo":"hunter2"}', '{"demo":[""]}', '{"Demo Shop":["hunter2"]}', '{"demo":[5]}'])(
    "that make no sense are refused, without being told: %s",
    (text) => {
      expect(() => read(text)).toThrow(/WEBHOOK_SECRETS: is not a JSON object/);
      expect(() => read(text)).not.toThrow(/hunter2/);
    },
  );
});

test("events are signed in these tests as the service understands it", () => {
  expect(sortedJson({ z: null, b: 1, a: { d: 2.5, c: [3, 1] } })).toBe('{"a":{"c":[3,1],"d":2.5},"b":1,"z":null}');
});

test("erasing a customer's ledger forgets what events have said of the customer, and keeps their verdicts", async () => {
  const shop = await Shop.open();
  const insert = `insert into order_events (tenant, id, type, order_id, customer_id, verdict, payload, received_at, attempts)
    values (?, ?, 'order.updated', ?, ?, 'granted', '{"email":"a@b.c"}', 0, 1)`;
  const keep = (id: string, customerId: string) =>
    env.DB.prepare(insert).bind(shop.tenant, id, `order-${id}`, customerId).run();
  await keep("e1", "C1");
  await keep("e2", "C2");
  await shop.addPoints("C1", 5);

  expect((await shop.manage("DELETE", "/reward-points/customer/C1")).status).toBe(200);

  const { results } = await env.DB.prepare("select id, verdict, payload from order_events where tenant = ? order by id")
    .bind(shop.tenant)
    .all();
  expect(results).toEqual([
    { id: "e1", verdict: "granted", payload: null },
    { id: "e2", verdict: "granted", payload: '{"email":"a@b.c"}' },
  ]);
});

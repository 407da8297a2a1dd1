import { beforeEach, describe, expect, test } from "vitest";
import { type Answer, call, Shop, tenPercentOff } from "../../support/shop.ts";
import { everyScope, signToken } from "../../support/tokens.ts";

let shop: Shop;

beforeEach(async () => {
  shop = await Shop.open();
});

/** The token of an employee who works with the back office. */
const tokenOf = (sub: string): Promise<string> =>
  signToken({ claims: { tenant: shop.tenant, scope: everyScope, client_id: "backoffice", sub } });

/** A request by which an employee changes something, with an idempotency key. */
async function asks(sub: string, path: string, json: object, key: string): Promise<Answer> {
  return call("POST", path, { token: await tokenOf(sub), json, headers: { "Idempotency-Key": key } });
}

const entryOf = (answer: Answer): string | null => answer.headers.get("X-Entry-Id");
const isReplay = (answer: Answer): boolean => answer.headers.has("Idempotency-Replayed");

describe("two employees of one client", () => {
  test.each([
    ["adding points", () => "/reward-points/customer/C1/addPoints", { points: 10 }],
    ["redeeming points", () => "/reward-points/customer/C1/redeemPoints", { points: 10 }],
    [
      "creating an option",
      () => `/reward-points/${shop.tenant}/redeemOptions`,
      { type: "coupon", name: "x", points: 5 },
    ],
  ])("never get each other's answers under the same key: %s", async (_name, path, more) => {
    await shop.addPoints("C1", 100);
    const json = path().endsWith("Options") ? { ...more, coupon: tenPercentOff } : more;
    const first = await asks("ann", path(), json, "k");
    const second = await asks("bob", path(), json, "k");
    const again = await asks("ann", path(), json, "k");
    expect([first, second, again].map(({ status }) => status)).toEqual(Array(3).fill(first.status));
    expect([first, second, again].map(isReplay)).toEqual([false, false, true]);
    expect(first.status).toBeLessThan(300);
    expect([again.body, entryOf(again)]).toEqual([first.body, entryOf(first)]);
    expect([second.body, entryOf(second)]).not.toEqual([first.body, entryOf(first)]);
  });

  test("can use one key for different requests", async () => {
    expect((await asks("ann", "/reward-points/customer/C1/addPoints", { points: 1 }, "k")).status).toBe(201);
    expect((await asks("bob", "/reward-points/customer/C1/addPoints", { points: 2 }, "k")).status).toBe(201);
    expect((await asks("bob", "/reward-points/customer/C1/addPoints", { points: 3 }, "k")).status).toBe(422);
    expect(await shop.balance("C1")).toBe(3);
  });

  test("are told apart in what employees read of a customer, and unknown to the customer", async () => {
    const path = "/reward-points/customer/C1";
    await asks("ann", `${path}/addPoints`, { points: 50, description: "Goodwill" }, "k");
    await asks("bob", `${path}/redeemPoints`, { points: 20, description: "Booked in error" }, "k");
    await call("POST", "/reward-points/public/customer/redeem", {
      token: await shop.customerToken("C1"),
      json: { id: await shop.addOption(10) },
    });
    const explained = (await shop.manage("GET", `${path}/explain`)).body as {
      lines: readonly Record<string, unknown>[];
    };
    expect(explained.lines.map(({ kind, actor, reason }) => [kind, actor, reason])).toEqual([
      ["opened", "client:backoffice/user:ann", null],
      ["granted", "client:backoffice/user:ann", "Goodwill"],
      ["redeemed", "client:backoffice/user:bob", "Booked in error"],
      ["redeemed", "customer:C1", null],
    ]);
    const lists = {
      summary: {
        addedPointsList: [{ actor: "client:backoffice/user:ann", description: "Goodwill" }],
        redeemedPointsList: [
          { actor: "client:backoffice/user:bob", description: "Booked in error" },
          { actor: "customer:C1" },
        ],
      },
    };
    expect((await shop.manage("GET", `${path}/summary`)).body).toMatchObject(lists);
    expect((await shop.manage("GET", "/reward-points/summaryBatch")).body).toMatchObject([lists]);

    const token = await shop.customerToken("C1");
    for (const own of ["", "/summary", "/explain", "/coupons"]) {
      const answer = await call("GET", `/reward-points/public/customer${own}`, { token });
      expect(answer.status).toBe(200);
      expect(JSON.stringify(answer.body)).not.toMatch(/actor|backoffice|ann|bob/);
    }
  });
});

describe("the entry that adding or redeeming points makes", () => {
  test.each(["addPoints", "redeemPoints"])(
    "is named in a header, and again when the request is repeated: %s",
    async (verb) => {
      await shop.addPoints("C1", { id: "start", points: 100 });
      const path = `/reward-points/customer/C1/${verb}`;
      const first = await asks("ann", path, { points: 1 }, "k");
      const again = await asks("ann", path, { points: 1 }, "k");
      expect([first.status, first.body, again.status, again.body]).toEqual([201, "", 201, ""]);
      expect(entryOf(again)).toBe(entryOf(first));
      const list = verb === "addPoints" ? "addedPointsList" : "redeemedPointsList";
      const { body } = await shop.manage("GET", "/reward-points/customer/C1/summary");
      const ids = (body as { summary: Record<string, { id: string }[]> }).summary[list]?.map(({ id }) => id);
      expect(ids?.at(-1)).toBe(entryOf(first));
    },
  );

  test.each(["own", "a b", "100 %", "größer/ä😀", "a,b;c"])(
    "has the client's own id, whatever it holds: %s",
    async (id) => {
      for (const isAgain of [false, true]) {
        const added = await shop.addPoints("C1", { id, points: 1 });
        expect(isReplay(added)).toBe(isAgain);
        expect(entryOf(added)).toMatch(/^[!-~]+$/);
        expect(decodeURIComponent(entryOf(added) ?? "")).toBe(id);
      }
    },
  );

  test("is not named when there is none", async () => {
    const answer = await shop.manage("POST", "/reward-points/customer/C1/redeemPoints", { points: 1 });
    expect([answer.status, entryOf(answer)]).toEqual([400, null]);
  });
});

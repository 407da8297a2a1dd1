import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Validator } from "@cfworker/json-schema";
import { beforeEach, describe, expect, test, vi } from "vitest";
import {
  BindingRateLimiter,
  type RateLimitBindings,
  rateLimitBindings,
} from "../../../src/access/integrations/binding-rate-limiter.ts";
import { rateClassOfOperation } from "../../../src/platform/http/middleware/rate-limits.ts";
import worker from "../../../src/worker.ts";
import wranglerToml from "../../../wrangler.toml?raw";
import { type Answer, call } from "../../support/shop.ts";
import { customerToken, employeeToken, guestToken, signToken } from "../../support/tokens.ts";

type Binding = keyof RateLimitBindings;

/** How many requests each limit lets through for a key; what is not named has no limit. */
let room: Partial<Record<Binding, number>> = {};
/** The limits that were asked, in order, with the keys that they were given. */
let asked: { readonly binding: Binding; readonly key: string }[] = [];

beforeEach(() => {
  room = {};
  asked = [];
});

const counting = (binding: Binding): RateLimit => ({
  limit({ key }) {
    asked.push({ binding, key });
    const count = asked.filter((one) => one.binding === binding && one.key === key).length;
    return Promise.resolve({ success: count <= (room[binding] ?? Number.POSITIVE_INFINITY) });
  },
});

const counters = Object.fromEntries(
  Object.values(rateLimitBindings).map(({ binding }) => [binding, counting(binding)]),
);
const bindings: Cloudflare.Env = { ...env, ...counters, RATE_LIMITS: "on" } as Cloudflare.Env;

interface Ask {
  readonly token?: string;
  readonly address?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Calls the service whose limits are on. */
async function ask(
  method: string,
  path: string,
  { token, address = "192.0.2.1", headers, body }: Ask = {},
): Promise<Answer> {
  const request = new Request<unknown, IncomingRequestCfProperties>(`https://points.test${path}`, {
    method,
    headers: {
      ...(address === "" ? {} : { "CF-Connecting-IP": address }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const response = await worker.fetch(request, bindings, createExecutionContext());
  const text = await response.text();
  const isJson = response.headers.get("Content-Type")?.includes("json") ?? false;
  return { status: response.status, headers: response.headers, body: isJson && text !== "" ? JSON.parse(text) : text };
}

const options = "/reward-points/limits/redeemOptions";
const coupon = "/coupon/limits/coupons/NONE";
const statusOf = async (...request: Parameters<typeof ask>): Promise<number> => (await ask(...request)).status;
const bindingsAsked = () => asked.map(({ binding }) => binding);

interface Operation {
  readonly operationId: string;
  readonly responses: Record<
    string,
    { headers?: object; content: { "application/json": { schema: { $ref?: string }; examples: object } } }
  >;
}

/** Every operation of the OpenAPI document, with a path that leads to it. */
async function everyOperation() {
  const document = (await call("GET", "/openapi.json")).body as {
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, object> };
  };
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path: path.replaceAll(/\{[^}]+\}/g, "limits"),
    })),
  );
  return { operations, schemas: document.components.schemas };
}

describe("an address", () => {
  test("that sends too many requests is refused, whatever its tokens are worth, and others are not", async () => {
    room = { ADDRESS_LIMIT: 2 };
    for (const expected of [401, 401, 429]) expect(await statusOf("GET", options, { token: "x.y.z" })).toBe(expected);
    expect(await statusOf("GET", options, { token: await employeeToken("limits") })).toBe(429);
    expect(await statusOf("GET", options, { token: "x.y.z", address: "192.0.2.2" })).toBe(401);
  });

  test("is refused before its token is looked at", async () => {
    room = { ADDRESS_LIMIT: 0 };
    const answer = await ask("GET", options, { token: await employeeToken("limits") });
    expect(answer.status).toBe(429);
    expect(answer.headers.get("WWW-Authenticate")).toBeNull();
    expect(bindingsAsked()).toEqual(["ADDRESS_LIMIT"]);
  });

  test("of IPv6 stands for its whole /64 network, which is one subscriber's", async () => {
    room = { ADDRESS_LIMIT: 2 };
    const from = (address: string) => statusOf("GET", options, { address });
    expect(await from("2001:db8:0:1::1")).toBe(401);
    expect(await from("2001:DB8:0000:0001:ffff:ffff:ffff:ffff")).toBe(401);
    expect(await from("2001:db8:0:1:2::")).toBe(429);
    expect(await from("2001:db8::1:0:0:0:3")).toBe(429);
    expect(await from("2001:db8:0:2::1")).toBe(401);
    expect(await from("2001:db8::1")).toBe(401);
  });

  test("that is not known, as between Workers, is not counted", async () => {
    room = { ADDRESS_LIMIT: 0 };
    expect(await statusOf("GET", options, { address: "" })).toBe(401);
    expect(asked).toEqual([]);
  });

  test("at its limit can still ask for the service's health and keys, which have a limit of their own", async () => {
    room = { ADDRESS_LIMIT: 0 };
    expect(await statusOf("GET", options)).toBe(429);
    for (const path of ["/health", "/health?deep=1", "/.well-known/jwks.json"]) {
      expect(await statusOf("GET", path), path).toBe(200);
    }
    room = { STRICT_ADDRESS_LIMIT: 3 };
    expect(await statusOf("GET", "/health")).toBe(429);
  });

  test("at its limit still gets preflights answered, and its refusal can be read by the storefront's pages", async () => {
    room = { ADDRESS_LIMIT: 0 };
    const headers = { Origin: "https://shop.test", "Access-Control-Request-Method": "GET" };
    expect(await statusOf("OPTIONS", options, { headers })).toBe(204);
    expect(asked).toEqual([]);
    const refused = await ask("GET", options, { headers: { Origin: "https://shop.test" } });
    expect(refused.status).toBe(429);
    expect(refused.headers.get("Access-Control-Allow-Origin")).toBe("https://shop.test");
    expect(refused.headers.get("Access-Control-Expose-Headers")).toContain("Retry-After");
  });
});

describe("a caller", () => {
  test("who sends too many requests is refused with every token and from every address, and others are not", async () => {
    room = { CUSTOMER_LIMIT: 2 };
    const first = await signToken({ claims: { tenant: "limits", customer_id: "C1" } });
    const second = await signToken({ claims: { tenant: "limits", customer_id: "C1", jti: "another" } });
    expect(first).not.toBe(second);
    expect(await statusOf("GET", options, { token: first })).toBe(200);
    expect(await statusOf("GET", options, { token: second, address: "192.0.2.2" })).toBe(200);
    expect(await statusOf("GET", options, { token: first, address: "192.0.2.3" })).toBe(429);
    expect(await statusOf("GET", options, { token: second, address: "192.0.2.4" })).toBe(429);
    expect(await statusOf("GET", options, { token: await customerToken("limits", "C2") })).toBe(200);
    expect(
      await statusOf("GET", "/reward-points/other/redeemOptions", { token: await customerToken("other", "C1") }),
    ).toBe(200);
  });

  test("is counted before access is refused, so that a wrong token cannot be tried for ever", async () => {
    room = { STRICT_CLIENT_LIMIT: 1 };
    const token = await employeeToken("limits", "some.scope");
    expect(await statusOf("GET", "/reward-points/summaryBatch", { token })).toBe(403);
    expect(await statusOf("GET", "/reward-points/summaryBatch", { token })).toBe(429);
  });

  test("who is a back office has a limit of its own, and so has every guest", async () => {
    room = { CUSTOMER_LIMIT: 1 };
    const guests = [await guestToken("limits"), await signToken({ claims: { tenant: "limits", jti: "other guest" } })];
    for (const token of guests) {
      expect(await statusOf("GET", options, { token })).toBe(200);
      expect(await statusOf("GET", options, { token })).toBe(429);
    }
    const token = await employeeToken("limits");
    for (let request = 0; request < 5; request += 1) expect(await statusOf("GET", options, { token })).toBe(200);
    expect(bindingsAsked().filter((binding) => binding === "CLIENT_LIMIT")).toHaveLength(5);
  });
});

describe("a guest", () => {
  test("is counted by what was signed, in however many ways the signature is written", async () => {
    room = { CUSTOMER_LIMIT: 1 };
    const token = await guestToken("limits");
    expect(await statusOf("GET", options, { token })).toBe(200);
    // 86 characters of base64url hold four bits more than a signature's 64 bytes.
    const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const withSpareBits = `${token.slice(0, -1)}${digits.charAt(digits.indexOf(token.slice(-1)) + 1)}`;
    for (const other of [withSpareBits, `${token}==`]) {
      expect(await statusOf("GET", "/reward-points/public/customer", { token: other })).toBe(429);
    }
  });
});

describe("stricter limits", () => {
  const customers = () => customerToken("limits", "C1");
  const json = { "Content-Type": "application/json" };

  test.each([
    ["reading a coupon", "GET", coupon],
    ["validating a coupon", "POST", `${coupon}/validation`],
    ["redeeming a coupon", "POST", `${coupon}/redemptions`],
    ["exchanging points", "POST", "/reward-points/public/customer/redeem"],
  ])("hold for %s", async (_name, method, path) => {
    room = { STRICT_CUSTOMER_LIMIT: 1 };
    const request = { token: await customers(), headers: json, ...(method === "POST" ? { body: "{}" } : {}) };
    expect(await statusOf(method, path, request)).not.toBe(429);
    expect(await ask(method, path, request)).toMatchObject({ status: 429 });
    expect(bindingsAsked().slice(0, 2)).toEqual(["STRICT_ADDRESS_LIMIT", "STRICT_CUSTOMER_LIMIT"]);
    expect(await statusOf("GET", options, { token: await customers() })).toBe(200);
  });

  const own = "/reward-points/public/customer";

  test.each([`${own}/explain`, `${own}/summary`, `${own}/coupons`, "/coupon/limits/coupons"])(
    "hold for a customer's %s, with the other histories",
    async (history) => {
      room = { STRICT_CUSTOMER_LIMIT: 2 };
      const token = await customers();
      expect(await statusOf("GET", `${own}/explain`, { token })).toBe(200);
      expect(await statusOf("GET", history, { token })).toBe(200);
      expect(await statusOf("GET", history, { token })).toBe(429);
      expect(bindingsAsked().slice(0, 2)).toEqual(["ADDRESS_LIMIT", "STRICT_CUSTOMER_LIMIT"]);
      expect(await statusOf("GET", own, { token })).toBe(200);
      expect(await statusOf("GET", coupon, { token })).toBe(404);
    },
  );

  test("count questions about codes together, and exchanges apart from them", async () => {
    room = { STRICT_CUSTOMER_LIMIT: 2 };
    const token = await customers();
    const post = { token, headers: json, body: "{}" };
    expect(await statusOf("GET", coupon, { token })).toBe(404);
    expect(await statusOf("POST", `${coupon}/validation`, post)).toBe(400);
    expect(await statusOf("POST", `${coupon}/redemptions`, post)).toBe(429);
    expect(await statusOf("POST", "/reward-points/public/customer/redeem", post)).toBe(400);
  });

  test("hold for a checkout's own token, too", async () => {
    room = { STRICT_CLIENT_LIMIT: 1 };
    const token = await employeeToken("limits", "coupon.coupon_redeem");
    expect(await statusOf("GET", coupon, { token })).toBe(404);
    expect(await statusOf("GET", coupon, { token })).toBe(429);
  });

  const tokenRequest = (clientId: string, address: string, more: Partial<Ask> = {}) =>
    ask("POST", "/oauth/token", {
      address,
      headers: { "Content-Type": "application/x-www-form-urlencoded", ...more.headers },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        ...(more.headers === undefined ? { client_id: clientId, client_secret: "wrong" } : {}),
      }).toString(),
    });

  test("hold for requests for tokens from one address, in whosever name", async () => {
    room = { TOKEN_REQUEST_LIMIT: 2 };
    expect((await tokenRequest("one", "192.0.2.1")).status).toBe(401);
    expect((await tokenRequest("two", "192.0.2.1")).status).toBe(401);
    const refused = await tokenRequest("three", "192.0.2.1");
    expect(refused).toMatchObject({ status: 429, body: { error: "temporarily_unavailable" } });
    expect(refused.headers.get("Retry-After")).toBe("60");
  });

  test("hold for requests for tokens in one client's name, from whatever addresses and however it is named", async () => {
    room = { TOKEN_REQUEST_LIMIT: 2 };
    const headers = { Authorization: `Basic ${btoa("backoffice:wrong")}` };
    expect((await tokenRequest("backoffice", "192.0.2.1")).status).toBe(401);
    expect((await tokenRequest("", "192.0.2.2", { headers })).status).toBe(401);
    expect((await tokenRequest("backoffice", "192.0.2.3")).status).toBe(429);
    expect((await tokenRequest("", "192.0.2.4", { headers })).status).toBe(429);
    expect((await tokenRequest("another", "192.0.2.5")).status).toBe(401);
  });
});

describe("the answer to one request too many", () => {
  test("says of every operation when to come back, in the shape that is documented for it", async () => {
    const { operations, schemas } = await everyOperation();
    expect(operations.length).toBeGreaterThan(35);
    room = Object.fromEntries(Object.values(rateLimitBindings).map(({ binding }) => [binding, 0]));
    for (const { operationId, method, path, responses } of operations) {
      const answer = await ask(method, path);
      expect(answer.status, operationId).toBe(429);
      expect(["10", "60"], operationId).toContain(answer.headers.get("Retry-After"));
      const documented = responses["429"];
      expect(documented?.headers, operationId).toHaveProperty("Retry-After");
      const { schema, examples } = documented?.content["application/json"] ?? { schema: {}, examples: {} };
      expect(Object.keys(examples), operationId).toEqual(["rate_limited"]);
      const [, name = ""] = /"#\/components\/schemas\/(\w+)"/.exec(JSON.stringify(schema)) ?? [];
      const shape = schemas[name];
      if (shape === undefined) throw new Error(`${operationId} documents no shape of its 429.`);
      const { valid } = new Validator(shape, "2020-12", false).validate(answer.body);
      expect(valid, `${operationId} ${JSON.stringify(answer.body)}`).toBe(true);
    }
  });

  test("is documented with Retry-After wherever 503 is, health's own aside", async () => {
    const { operations } = await everyOperation();
    for (const { operationId, responses } of operations) {
      if (responses["503"] === undefined || operationId === "GET-health") continue;
      expect(responses["503"].headers, operationId).toHaveProperty("Retry-After");
    }
  });

  test("comes from the limit of the operation's class, and every class names operations that exist", async () => {
    const { operations } = await everyOperation();
    const ids = operations.map(({ operationId }) => operationId);
    for (const id of rateClassOfOperation.keys()) expect(ids).toContain(id);
    const anyAddress = [];
    for (const { operationId, method, path } of operations) {
      asked = [];
      await ask(method, path);
      if (bindingsAsked()[0] === "ADDRESS_LIMIT") anyAddress.push(operationId);
    }
    // Histories are counted strictly by their callers alone.
    const strict = [...rateClassOfOperation].flatMap(([id, name]) => (name === "history" ? [] : [id]));
    expect([...anyAddress, ...strict].toSorted()).toEqual(ids.toSorted());
  });
});

describe("a limit that cannot be counted", () => {
  const warnings: unknown[] = [];
  const log = { info: () => {}, error: () => {}, warn: (...line: unknown[]) => void warnings.push(line) };
  beforeEach(() => void warnings.splice(0));

  test("lets requests pass with a warning, once when its binding is missing", async () => {
    const limiter = new BindingRateLimiter({}, log);
    expect(await limiter.count("address", "a")).toBeNull();
    expect(await limiter.count("address", "b")).toBeNull();
    expect(await limiter.count("client", "b")).toBeNull();
    expect(warnings).toEqual([
      ["rate_limit_missing", { limit: "address", binding: "ADDRESS_LIMIT" }],
      ["rate_limit_missing", { limit: "client", binding: "CLIENT_LIMIT" }],
    ]);
  });

  test.each<[string, RateLimit["limit"]]>([
    ["throws", () => Promise.reject(new TypeError("C1 cannot be counted"))],
    [
      "throws at once",
      () => {
        throw new TypeError("C1 cannot be counted");
      },
    ],
  ])("lets requests pass with a warning that does not tell whose, when it %s", async (_name, limit) => {
    const limiter = new BindingRateLimiter({ ADDRESS_LIMIT: { limit } }, log);
    expect(await limiter.count("address", "C1")).toBeNull();
    expect(warnings).toEqual([
      ["rate_limit_not_counted", { limit: "address", binding: "ADDRESS_LIMIT", reason: "TypeError" }],
    ]);
  });

  test("lets requests pass when it never answers", async () => {
    const silent = { limit: () => new Promise<never>(() => {}) };
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const counts: (number | null)[] = [];
      const limiter = new BindingRateLimiter({ ADDRESS_LIMIT: silent }, log);
      void limiter.count("address", "C1").then((count) => counts.push(count));
      await vi.advanceTimersByTimeAsync(1_000);
      expect(counts).toEqual([null]);
    } finally {
      vi.useRealTimers();
    }
    expect(warnings).toHaveLength(1);
  });
});

describe("the platform's limits", () => {
  test("refuse what is more than wrangler.toml allows, for each key by itself", async () => {
    const limiter = new BindingRateLimiter(env, { info: () => {}, warn: () => {}, error: () => {} });
    const answers: (number | null)[] = [];
    // More than two periods allow: should one end meanwhile, there is still one too many in the other.
    for (let request = 0; request < 61; request += 1) answers.push(await limiter.count("strictCustomer", "one"));
    expect(answers.slice(0, 30)).toEqual(Array(30).fill(null));
    expect(answers).toContain(60);
    expect(await limiter.count("strictCustomer", "two")).toBeNull();
  });

  test("are given hashes only: no customer, address, client or token leaves the service with them", async () => {
    await ask("GET", options, { token: await customerToken("limits", "C1") });
    await ask("GET", options, { token: await guestToken("limits") });
    expect(asked).toHaveLength(4);
    for (const { key } of asked) expect(key).toMatch(/^[0-9a-f]{64}$/);
  });

  test("have in wrangler.toml the periods that Retry-After tells, and a namespace each", () => {
    const limits = [
      ...wranglerToml.matchAll(
        /\[\[ratelimits\]\]\nname = "(\w+)"\nnamespace_id = "(\d+)"\nsimple = \{ limit = (\d+), period = (\d+) \}/g,
      ),
    ].map(([, binding, namespace, limit, period]) => ({ binding, namespace, limit, period: Number(period) }));
    const expected = Object.values(rateLimitBindings);
    expect(limits.map(({ binding, period }) => ({ binding, periodSeconds: period }))).toEqual(expected);
    expect(new Set(limits.map(({ namespace }) => namespace)).size).toBe(expected.length);
    const bound = Object.values(rateLimitBindings).map(({ binding }) => typeof env[binding]?.limit);
    expect(bound).toEqual(expected.map(() => "function"));
  });

  test("count nothing when RATE_LIMITS is off, as it is in all other tests", async () => {
    const token = await customerToken("limits", "tireless");
    const statuses = new Set<number>();
    for (let request = 0; request < 61; request += 1) {
      const headers = { "CF-Connecting-IP": "192.0.2.1" };
      statuses.add((await call("GET", coupon, { token, headers })).status);
    }
    expect([...statuses]).toEqual([404]);
  });
});

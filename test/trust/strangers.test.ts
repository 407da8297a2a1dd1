import { env } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { sha256Hex } from "../../src/application/sha256.ts";
import { everythingStored, type Stored } from "../support/everything-stored.ts";
import { filledPath, type Operation, servedOperations } from "../support/operations.ts";
import { completedOrder, queued, returnUpdated } from "../support/order-events.ts";
import { allScopes, consume, couponUse, type PreparedShop, prepareShop } from "../support/prepared-shop.ts";
import { type Answer, call, tenPercentOff } from "../support/shop.ts";
import { customerToken, employeeToken } from "../support/tokens.ts";
import { report } from "../support/verification.ts";

// Many requests a test: on a busy machine they take longer than tests usually may.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** What an identifier names. */
type Named =
  | "tenant"
  | "customer"
  | "option"
  | "code"
  | "redemption"
  | "event"
  | "entry"
  | "order"
  | "site"
  | "mixin"
  | "key"
  | "client";

type Names = Readonly<Record<Named, string>>;

/** A place that names something: what it names, or how a query in words does. */
type Place = Named | readonly string[] | { readonly namesNothing: string };

const namesNothing = (because: string): Place => ({ namesNothing: because });
const shown = namesNothing("text that is only shown");
const counted = namesNothing("a number or a choice of a few words");
const timed = namesNothing("a moment");
const held = namesNothing("what is in it has places of its own");

const inWords: Place = ["issuedTo:{customer}", "code:{code}", "customerNumber:{customer}", "orderCode:{order}"];

/** Every parameter and body field of the OpenAPI document; a name that means two things stands with its operation. */
const places: Readonly<Record<string, Place>> = {
  "path:tenant": "tenant",
  "path:customerId": "customer",
  "path:redeemOptionId": "option",
  "path:code": "code",
  "path:id": "redemption",
  "path:eventId": "event",
  "path:siteCode": "site",
  "path:mixinName": "mixin",
  "query:siteCode": "site",
  "query:issuedTo": "customer",
  "query:customerId": "customer",
  "query:customerNumber": "customer",
  "query:code": "code",
  "query:orderId": "order",
  "query:orderCode": "order",
  "query:q": inWords,
  "query:status": counted,
  "query:verdict": counted,
  "query:showDeleted": counted,
  "query:acceptExpired": counted,
  "query:sort": counted,
  "query:pageNumber": counted,
  "query:pageSize": counted,
  "query:totalCount": counted,
  "query:deep": counted,
  "query:asOf": timed,
  "header:idempotency-key": "key",
  "header:x-total-count": counted,
  "header:emporix-event-signature": namesNothing("other tenants' signatures are in test/trust/signatures.test.ts"),
  "body:id": "entry",
  "POST /reward-points/public/customer/redeem body:id": "option",
  "POST /reward-points/{tenant}/redeemOptions body:id": "option",
  "PUT /reward-points/{tenant}/redeemOptions/{redeemOptionId} body:id": "option",
  "body:redeemOptionId": "option",
  "body:reference-id": "order",
  "body:customerId": "customer",
  "body:startPoints": held,
  "body:startPoints.id": "entry",
  "body:startPoints.reference-id": "order",
  "body:startPoints.description": shown,
  "body:startPoints.points": counted,
  "body:startPoints.createdAt": timed,
  "body:startPoints.validUntil": timed,
  "body:orderCode": "order",
  "body:customerNumber": "customer",
  "body:legalEntityId": "customer",
  "body:orderTotal": held,
  "body:orderTotal.amount": counted,
  "body:orderTotal.currency": counted,
  "body:discount": held,
  "body:discount.amount": counted,
  "body:discount.currency": counted,
  "body:description": shown,
  "body:points": counted,
  "body:createdAt": timed,
  "body:validUntil": timed,
  "body:type": shown,
  "body:name": shown,
  "body:pointsAfterCoupon": counted,
  "body:metadata": held,
  "body:metadata.version": counted,
  "body:coupon": held,
  "body:coupon.name": shown,
  "body:coupon.description": shown,
  "body:coupon.discountType": counted,
  "body:coupon.discountPercentage": counted,
  "body:coupon.discountAbsolute": held,
  "body:coupon.discountAbsolute.amount": counted,
  "body:coupon.discountAbsolute.currency": counted,
  "body:coupon.allowAnonymous": counted,
  "body:coupon.maxRedemptions": counted,
  "body:coupon.maxRedemptionsPerCustomer": counted,
  "body:coupon.restrictions": held,
  "body:coupon.restrictions.validFor": held,
  "body:coupon.restrictions.validFor[]": "customer",
  "body:coupon.restrictions.validFrom": timed,
  "body:coupon.restrictions.validUntil": timed,
  "body:coupon.categoryRestricted": counted,
  "body:coupon.segmentRestricted": counted,
  "body:coupon.discountCalculationType": counted,
  "body:coupon.mixins": held,
  "body:coupon.restrictions.validForDays": counted,
  "body:coupon.restrictions.includedCategories": held,
  "body:coupon.restrictions.includedCategories[]": counted,
  "body:coupon.restrictions.excludedCategories": held,
  "body:coupon.restrictions.excludedCategories[]": counted,
  "body:coupon.restrictions.segments": held,
  "body:coupon.restrictions.segments[]": counted,
  "body:coupon.restrictions.minOrderValue": held,
  "body:coupon.restrictions.minOrderValue.amount": counted,
  "body:coupon.restrictions.minOrderValue.currency": counted,
  "body:couponSettings": held,
  "body:couponSettings.rewardpoints": held,
  "body:couponSettings.rewardpoints.enabled": counted,
  "body:couponSettings.rewardpoints.enable": counted,
  "body:couponSettings.rewardpoints.codePrefix": shown,
  "body:couponSettings.rewardpoints.couponPrefix": shown,
  "body:couponSettings.rewardpoints.orderValueToRewardPointsFactor": counted,
  "body:couponSettings.rewardpoints.validityInMonths": counted,
  "body:couponSettings.rewardpoints.earningBase": counted,
  "body:couponSettings.rewardpoints.returnPolicy": counted,
  "body:couponSettings.rewardpoints.giveBacksPerDay": counted,
  "body:client_id": "client",
  "body:client_secret": namesNothing("a secret"),
  "body:grant_type": counted,
  "body:scope": ["tenant={tenant}", "tenant={tenant} rewardspoints.rewardpoints_view"],
};

const placeOf = (operation: string, place: string): Place | undefined =>
  places[`${operation} ${place}`] ?? places[place];

const placesOf = ({ parameters, bodyFields }: Operation): readonly string[] => [
  ...parameters.map((parameter) => `${parameter.in}:${parameter.name}`),
  ...bodyFields.map((field) => `body:${field}`),
];

const option = { type: "coupon", name: "Mine", points: 10, coupon: { ...tenPercentOff, allowAnonymous: false } };

/** A right body of each operation that takes one. */
const bodies: Readonly<Record<string, (own: Names) => object>> = {
  "POST /reward-points/public/customer/redeem": ({ option: id }) => ({ id }),
  "POST /reward-points/customer/{customerId}": () => ({ startPoints: { points: 1 } }),
  "POST /reward-points/customer/{customerId}/addPoints": () => ({ points: 1 }),
  "POST /reward-points/customer/{customerId}/redeemPoints": () => ({ points: 1 }),
  "POST /reward-points/{tenant}/redeemOptions": () => option,
  "PUT /reward-points/{tenant}/redeemOptions/{redeemOptionId}": () => option,
  "POST /reward-points/{tenant}/events": () => ({ type: "x", payload: {} }),
  "POST /coupon/{tenant}/coupons/{code}/validation": () => couponUse,
  "POST /coupon/{tenant}/coupons/{code}/redemptions": () => couponUse,
  "POST /site/{tenant}/sites/{siteCode}/mixins": () => ({ [crypto.randomUUID()]: {} }),
  "PUT /site/{tenant}/sites/{siteCode}/mixins/{mixinName}": () => ({ a: 1 }),
  "PATCH /site/{tenant}/sites/{siteCode}/mixins/{mixinName}": () => ({ a: 1 }),
  "POST /oauth/token": ({ client }) => ({
    grant_type: "client_credentials",
    client_id: client,
    client_secret: `secret-of-${client}`,
  }),
};

/**
 * Where another customer's identifier is meant to do something: a coupon's code is for whoever has it, unless the
 * coupon names its customers (docs/adr/0011).
 */
const forWhoeverHasIt: ReadonlySet<string> = new Set([
  "POST /coupon/{tenant}/coupons/{code}/validation path:code",
  "POST /coupon/{tenant}/coupons/{code}/redemptions path:code",
]);

/** Their answers show what earlier requests have done, so that each request needs a shop of its own. */
const tellsWhatItChanged: ReadonlySet<string> = new Set([
  "POST /reward-points/{tenant}/redeemOptions",
  "PUT /reward-points/{tenant}/redeemOptions/{redeemOptionId}",
]);

const clientOf = (tenant: string) => `client-${tenant}`;

async function addClient(tenant: string): Promise<void> {
  const insert = "insert into api_clients (client_id, tenant, secret_hash, scopes, created_at) values (?, ?, ?, ?, 0)";
  const hash = sha256Hex(`secret-of-${clientOf(tenant)}`);
  await env.DB.prepare(insert).bind(clientOf(tenant), tenant, hash, "rewardspoints.rewardpoints_view").run();
}

const namesOf = (shop: PreparedShop): Names => ({
  tenant: shop.tenant,
  customer: shop.customerId,
  option: shop.optionId,
  code: shop.usedCode,
  redemption: shop.redemptionId,
  event: shop.eventId,
  entry: shop.entryId,
  order: shop.orderCode,
  site: shop.siteCode,
  mixin: shop.mixinName,
  key: shop.idempotencyKey,
  client: clientOf(shop.tenant),
});

/** What nothing anywhere is called, each of the same form as the real ones. */
const nobodys = (): Names => {
  const id = crypto.randomUUID();
  const tenant = `n${id.slice(0, 8)}`;
  return {
    tenant,
    customer: `customer-mark-${tenant}`,
    option: `option-mark-${tenant}`,
    code: `RP-${id.replaceAll("-", "").slice(0, 12).toUpperCase()}`,
    redemption: id,
    event: `event-mark-${tenant}`,
    entry: `entry-mark-${tenant}`,
    order: `order-mark-${tenant}`,
    site: `site-mark-${tenant}`,
    mixin: `mixin-mark-${tenant}`,
    key: `key-mark-${tenant}`,
    client: clientOf(tenant),
  };
};

/** A shop with two customers: the one who asks, and the neighbour, who has one of everything. */
interface Neighbourhood {
  readonly shop: PreparedShop;
  readonly own: Names;
  readonly employee: string;
  readonly customer: string;
}

let neighbourhoods = 0;

async function openNeighbourhood(): Promise<Neighbourhood> {
  neighbourhoods += 1;
  const shop = await prepareShop(`own-${neighbourhoods}`);
  const { tenant, optionId } = shop;
  await addClient(tenant);
  const employee = await employeeToken(tenant, allScopes);
  const customer = await customerToken(tenant, "me");
  await call("POST", "/reward-points/customer/me/addPoints", { token: employee, json: { points: 1_000 } });
  const exchange = await call("POST", "/reward-points/public/customer/redeem", {
    token: customer,
    json: { id: optionId },
  });
  const { code } = exchange.body as { readonly code: string };
  const use = await call("POST", `/coupon/${tenant}/coupons/${code}/redemptions`, {
    token: customer,
    json: { ...couponUse, orderCode: "own-order" },
  });
  const { id: redemption } = use.body as { readonly id: string };
  const more = { customer: "me", code, redemption, entry: "own-entry", order: "own-order", key: "own-key" };
  return { shop, employee, customer, own: { ...namesOf(shop), ...more } };
}

type Caller = "employee" | "customer" | "nobody";

/** Whose tokens an operation takes, as the document has it. */
const callersOf = ({ security }: Operation): readonly Caller[] => {
  if (security.length === 0) return ["nobody"];
  return [
    ...(security.includes("OAuth2") ? ["employee" as const] : []),
    ...(security.includes("CustomerAccessToken") ? ["customer" as const] : []),
  ];
};

const pathNames: Readonly<Record<string, Named>> = {
  tenant: "tenant",
  customerId: "customer",
  redeemOptionId: "option",
  code: "code",
  id: "redemption",
  eventId: "event",
  siteCode: "site",
  mixinName: "mixin",
};

/** `value` at `field` of `body`, such as `coupon.restrictions.validFor[]`. */
function withField(body: object, field: string, value: string): object {
  const [first = "", ...rest] = field.split(".");
  const name = first.replace("[]", "");
  const inner = (body as Record<string, object | undefined>)[name] ?? {};
  const leaf = first.endsWith("[]") ? [value] : value;
  return { ...body, [name]: rest.length === 0 ? leaf : withField(inner, rest.join("."), value) };
}

/** Sends a request that is the caller's own in everything but in one place. */
function ask(operation: Operation, home: Neighbourhood, caller: Caller, place: string, value: string): Promise<Answer> {
  const [where = "", name = ""] = place.split(/:(.*)/);
  const pathValues = Object.fromEntries(
    operation.parameters.flatMap((parameter) => {
      const named = pathNames[parameter.name];
      if (parameter.in !== "path" || named === undefined) return [];
      // Customers that are to be created, or erased, must not be there, or not be needed afterwards.
      const isNew =
        named === "customer" && ["POST", "DELETE"].includes(operation.method) && operation.path.endsWith("}");
      return [[parameter.name, isNew ? `new-${crypto.randomUUID()}` : home.own[named]]];
    }),
  );
  if (where === "path") pathValues[name] = value;
  const path = filledPath(operation.path, pathValues).replaceAll(" ", "%20");
  const query = where === "query" ? `?${name}=${encodeURIComponent(value)}` : "";
  const headers = where === "header" ? { [name]: value } : {};
  const token = caller === "nobody" ? undefined : home[caller];
  const make = bodies[operation.name];
  if (make === undefined) return call(operation.method, `${path}${query}`, { token, headers });
  const json = where === "body" ? withField(make(home.own), name, value) : make(home.own);
  if (operation.bodyTypes[0] === "application/json") {
    return call(operation.method, `${path}${query}`, { token, headers, json });
  }
  const body = new URLSearchParams(json as Record<string, string>).toString();
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  return call(operation.method, `${path}${query}`, { token, headers: { ...headers, ...form }, body });
}

/** An answer without what differs from request to request: `given`, and ids and times that were made for it. */
function comparable({ status, headers, body }: Answer, given: readonly string[]) {
  const withoutGiven = given.reduce(
    (rest, value) => rest.replaceAll(encodeURIComponent(value), "«given»").replaceAll(value, "«given»"),
    JSON.stringify(body),
  );
  const text = withoutGiven
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "«time»")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "«id»")
    .replaceAll(/RP-[0-9A-Z]{12}/g, "«code»")
    .replaceAll(/"access_token":"[^"]+"/g, '"access_token":"«token»"');
  // The balance and the entry are the caller's own: what is compared are two exchanges, or two entries, of theirs.
  const changing = new Set(["x-request-id", "date", "content-length", "x-points-balance", "x-entry-id"]);
  return { status, text, headers: [...headers].filter(([name]) => !changing.has(name)) };
}

/** The rows that belong to `customerId`, or that were issued to it. */
const rowsOf = (stored: Stored, customerId: string) =>
  Object.entries(stored).map(([table, rows]) => [
    table,
    rows.filter((row) => row["customer_id"] === customerId || row["issued_to"] === customerId),
  ]);

const operations = await servedOperations();

/** Each place that names something, with the words in which it does. */
const wordsFor = (operation: Operation): readonly (readonly [place: string, words: string])[] =>
  placesOf(operation).flatMap((place) => {
    const named = placeOf(operation.name, place);
    if (named === undefined || (typeof named === "object" && "namesNothing" in named)) return [];
    return typeof named === "string" ? [[place, `{${named}}`] as const] : named.map((words) => [place, words] as const);
  });

/** The names of `words`. */
const given = (words: string, names: Names): readonly string[] =>
  [...words.matchAll(/\{(\w+)\}/g)].map(([, named]) => names[named as Named]);

const filled = (words: string, names: Names): string =>
  words.replaceAll(/\{(\w+)\}/g, (_, named: string) => names[named as Named]);

test("it is known of every parameter and body field whether it names something", () => {
  const unknown = operations.flatMap((operation) =>
    placesOf(operation)
      .filter((place) => placeOf(operation.name, place) === undefined)
      .map((place) => `${operation.name} ${place}`),
  );
  expect(unknown, "say in `places` of test/trust/strangers.test.ts what these name").toEqual([]);
});

test("there is a right body for every operation that takes one", () => {
  const missing = operations.filter(({ name, bodyTypes }) => bodyTypes.length > 0 && bodies[name] === undefined);
  expect(
    missing.map(({ name }) => name),
    "put these into `bodies` of test/trust/strangers.test.ts",
  ).toEqual([]);
});

let compared = 0;
let theirs: PreparedShop;
let theirsBefore: Stored;

beforeAll(async () => {
  theirs = await prepareShop("theirs");
  await addClient("theirs");
  theirsBefore = await everythingStored("theirs");
});

describe.each(operations.filter((operation) => wordsFor(operation).length > 0))("$name", (operation) => {
  let home: Neighbourhood;
  beforeAll(async () => {
    home = await openNeighbourhood();
  });

  /** Asks for a stranger's and for nobody's. */
  async function compare(caller: Caller, [place, words]: readonly [string, string], stranger: Names): Promise<void> {
    compared += 1;
    const nobody = nobodys();
    const needsFreshShops = tellsWhatItChanged.has(operation.name);
    if (needsFreshShops) home = await openNeighbourhood();
    const forNobodys = await ask(operation, home, caller, place, filled(words, nobody));
    const expected = comparable(forNobodys, [...given(words, nobody), home.shop.mark]);
    if (needsFreshShops) home = await openNeighbourhood();
    const forStrangers = await ask(operation, home, caller, place, filled(words, stranger));
    const found = comparable(forStrangers, [...given(words, stranger), home.shop.mark]);
    expect(found).toEqual(expected);
    expect(found.status).toBeLessThan(500);
    expect(found.text).not.toContain(theirs.mark);
    expect(await everythingStored("theirs")).toEqual(theirsBefore);
  }

  for (const caller of callersOf(operation)) {
    const asWhom = caller === "nobody" ? "" : `, for an ${caller}`.replace("an c", "a c");
    test.each(wordsFor(operation))(`%s: another tenant's (%s)${asWhom}`, async (...place) => {
      await compare(caller, place, namesOf(theirs));
    });

    if (caller !== "customer") continue;
    test.each(wordsFor(operation).filter(([place]) => place !== "path:tenant"))(
      "%s: another customer's (%s), for a customer",
      async (...place) => {
        const neighbour = namesOf(home.shop);
        const before = rowsOf(await everythingStored(home.shop.tenant), neighbour.customer);
        if (forWhoeverHasIt.has(`${operation.name} ${place[0]}`)) {
          compared += 1;
          const answer = await ask(operation, home, caller, place[0], neighbour.code);
          expect([200, 201]).toContain(answer.status);
          expect(JSON.stringify(answer.body)).not.toContain(home.shop.mark);
          return;
        }
        // What belongs to the shop, and not to one of its customers, is no stranger's.
        if (["{option}", "{site}", "{mixin}", "{event}"].includes(place[1])) return;
        await compare(caller, place, neighbour);
        expect(rowsOf(await everythingStored(home.shop.tenant), neighbour.customer)).toEqual(before);
      },
    );
  }
});

test("all of another tenant's identifiers at once are those of nobody", async () => {
  const home = await openNeighbourhood();
  const add = async (names: Names) => {
    compared += 1;
    const answer = await call("POST", `/reward-points/customer/${names.customer}/addPoints`, {
      token: home.employee,
      headers: { "Idempotency-Key": names.key },
      json: { id: names.entry, points: 1_000, description: `points-mark-${names.tenant}`, "reference-id": names.order },
    });
    return comparable(answer, [names.customer]);
  };
  const expected = await add(nobodys());
  expect(expected.status).toBe(201);
  expect(await add(namesOf(theirs))).toEqual(expected);
  expect(await everythingStored("theirs")).toEqual(theirsBefore);
});

describe("an event", () => {
  test.each<[string, (names: Names) => object]>([
    ["an order", ({ order, customer }) => completedOrder(order, { customer: { id: customer } })],
    ["a deleted order", ({ order }) => ({ type: "order.deleted", payload: { id: order } })],
    ["a return", ({ order }) => returnUpdated("R1", order, 1)],
    ["a deleted return", ({ redemption }) => ({ type: "return.deleted", payload: { id: redemption } })],
    ["a deleted customer", ({ customer }) => ({ type: "customer.deleted", payload: { customerNumber: customer } })],
  ])("of %s of another tenant is one of nobody's", async (_name, eventOf) => {
    const { employee, shop } = await openNeighbourhood();
    const verdictOf = async (names: Names) => {
      compared += 1;
      const event = queued(shop.tenant, eventOf(names));
      await consume([event]);
      const answer = await call("GET", `/reward-points/${shop.tenant}/events/${event.id}`, { token: employee });
      expect(answer.status).toBe(200);
      return comparable(answer, [...Object.values(names), event.id]);
    };
    expect(await verdictOf(namesOf(theirs))).toEqual(await verdictOf(nobodys()));
    expect(await everythingStored("theirs")).toEqual(theirsBefore);
  });
});

afterAll(() => {
  report(
    "strangers",
    compared,
    `strangers' identifiers in ${operations.length} operations, each answered like nobody's`,
  );
});

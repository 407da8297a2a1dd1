import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Caller, kindsOf } from "../operations/callers.ts";
import type { Named } from "../operations/fields.ts";
import {
  fieldAt,
  placesOf,
  rightBody,
  rightPath,
  rightSearch,
  type TabledOperation,
  tabledOperations,
} from "../operations/table.ts";
import { clientIdOf } from "../support/api-client-names.ts";
import { addClients } from "../support/api-clients.ts";
import { everythingStored, type Stored } from "../support/everything-stored.ts";
import { completedOrder, queued, returnUpdated } from "../support/orders/order-events.ts";
import { allScopes, consume, couponUse, type PreparedShop, prepareShop } from "../support/prepared-shop.ts";
import { type Answer, call } from "../support/shop.ts";
import { customerToken, employeeToken } from "../support/tokens.ts";
import { report } from "../support/verification.ts";

// Many requests a test: on a busy machine they take longer than tests usually may.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

type Names = Readonly<Record<Named, string>>;

const namesOf = (shop: PreparedShop): Names => ({
  tenant: shop.tenant,
  customer: shop.customerId,
  option: shop.optionId,
  code: shop.usedCode,
  redemption: shop.useId,
  event: shop.eventId,
  entry: shop.entryId,
  order: shop.orderCode,
  site: shop.siteCode,
  mixin: shop.mixinName,
  key: shop.idempotencyKey,
  client: clientIdOf(shop.tenant),
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
    client: clientIdOf(tenant),
  };
};

/** A shop with two customers: the one who asks, and the neighbour, who has one of everything. */
interface Neighbourhood {
  readonly shop: PreparedShop;
  /** The shop as it is for who asks: with that customer's coupon, and its use. */
  readonly own: PreparedShop;
  readonly employee: string;
  readonly customer: string;
}

let neighbourhoods = 0;

async function openNeighbourhood(): Promise<Neighbourhood> {
  neighbourhoods += 1;
  const shop = await prepareShop(`own-${neighbourhoods}`);
  const { tenant, optionId } = shop;
  await addClients([tenant]);
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
  const used = { code, usedCode: code, useId: redemption, orderCode: "own-order" };
  return { shop, employee, customer, own: { ...shop, customerId: "me", ...used } };
}

/** `value` at `field` of `body`, such as `coupon.restrictions.validFor[]`. */
function withField(body: object, field: string, value: string): object {
  const [first = "", ...rest] = field.split(".");
  const name = first.replace("[]", "");
  const inner = (body as Record<string, object | undefined>)[name] ?? {};
  const leaf = first.endsWith("[]") ? [value] : value;
  return { ...body, [name]: rest.length === 0 ? leaf : withField(inner, rest.join("."), value) };
}

/** Sends a request that is the caller's own in everything but in one place. */
function ask(
  operation: TabledOperation,
  home: Neighbourhood,
  caller: Caller,
  place: string,
  value: string,
): Promise<Answer> {
  const [where = "", name = ""] = place.split(/:(.*)/);
  const path = rightPath(operation, home.own, { path: where === "path" ? { [name]: value } : {} });
  const given = where === "query" ? `${name}=${encodeURIComponent(value)}` : "";
  const query = rightSearch(operation, home.own, given);
  const { json, body, headers: contentType } = rightBody(operation, home.own);
  return call(operation.method, `${path.replaceAll(" ", "%20")}${query}`, {
    token: caller === "nobody" ? undefined : home[caller],
    headers: { ...contentType, ...(where === "header" ? { [name]: value } : {}) },
    ...(json === undefined ? {} : { json: where === "body" ? withField(json, name, value) : json }),
    ...(body === undefined ? {} : { body: where === "body" ? withFormField(body, name, value) : body }),
  });
}

function withFormField(form: string, name: string, value: string): string {
  const fields = new URLSearchParams(form);
  fields.set(name, value);
  return fields.toString();
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
    .replaceAll(/(?:RP|REF)-[0-9A-Z]{12}/g, "«code»")
    .replaceAll(/"(access|refresh)_token":"[^"]+"/g, '"$1_token":"«token»"');
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

const operations = await tabledOperations();

/** Each place that names something, with the words in which it does. */
const wordsFor = (operation: TabledOperation): readonly (readonly [place: string, words: string])[] =>
  placesOf(operation).flatMap((place) => {
    const { names: named } = fieldAt(operation.name, place);
    if (typeof named === "object" && "namesNothing" in named) return [];
    return typeof named === "string" ? [[place, `{${named}}`] as const] : named.map((words) => [place, words] as const);
  });

/** The names of `words`. */
const given = (words: string, names: Names): readonly string[] =>
  [...words.matchAll(/\{(\w+)\}/g)].map(([, named]) => names[named as Named]);

const filled = (words: string, names: Names): string =>
  words.replaceAll(/\{(\w+)\}/g, (_, named: string) => names[named as Named]);

let compared = 0;
let theirs: PreparedShop;
let theirsBefore: Stored;

beforeAll(async () => {
  theirs = await prepareShop("theirs");
  await addClients(["theirs"]);
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
    const needsFreshShops = operation.entry.strangers?.showsWhatItChanged ?? false;
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

  for (const caller of kindsOf(operation.entry.callers)) {
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
        if (operation.entry.strangers?.forWhoeverHasIt === place[0]) {
          compared += 1;
          const answer = await ask(operation, home, caller, place[0], neighbour.code);
          expect([200, 201]).toContain(answer.status);
          // A coupon may say what it is, and nothing else of the shop.
          const { name, description, ...rest } = answer.body as {
            readonly name?: string;
            readonly description?: string;
          };
          expect([undefined, "10 % off"]).toContain(name);
          expect([undefined, `coupon-${home.shop.mark}`]).toContain(description);
          expect(JSON.stringify(rest)).not.toContain(home.shop.mark);
          return;
        }
        // What belongs to the shop, and not to one of its customers, is no stranger's.
        if (/^(?:\w+:)?\{(?:option|site|mixin|event)\}$/.test(place[1])) return;
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

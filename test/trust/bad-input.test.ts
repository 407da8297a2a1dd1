import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { projectEvent } from "../../src/domain/event-projection.ts";
import type { JsonObject } from "../../src/domain/json-object.ts";
import worker from "../../src/worker.ts";
import {
  type BadJson,
  type BadWord,
  badBodies,
  badMoments,
  badTexts,
  badValues,
  badWords,
  brokenWords,
} from "../support/bad-input.ts";
import { everythingStored, rowCounts, type Stored } from "../support/everything-stored.ts";
import { filledPath, type Operation, servedOperations } from "../support/operations.ts";
import { completedOrder } from "../support/order-events.ts";
import { allScopes, type PreparedShop, prepareShop } from "../support/prepared-shop.ts";
import { type Answer, call, tenPercentOff } from "../support/shop.ts";
import { customerToken, employeeToken } from "../support/tokens.ts";
import { report, seed, sized } from "../support/verification.ts";

// Many requests a test: on a busy machine they take longer than tests usually may.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** A request is bad in one place, and right in all others. */
let cases = 0;

const operations = await servedOperations();

/** Each field and parameter meets every third value in full, and every eighteenth otherwise; the seed says which. */
const stride = sized(18, 3);
const some = <Item>(items: readonly Item[], place: string): readonly Item[] => {
  const start = ([...place].reduce((sum, character) => sum + character.charCodeAt(0), 0) + seed) % stride;
  return items.filter((_, index) => index % stride === start);
};

interface Violations {
  readonly details?: readonly { readonly field?: string | null; readonly message: string }[];
  readonly error_description?: string;
}

/** Whether `inner` is `outer` or something in it. */
const isWithin = (inner: string, outer: string): boolean => `${inner}.`.startsWith(`${outer}.`);

/** That a refusal says which field is wrong: itself, what is in it, or what it is in. */
function expectNamed(answer: Answer, field: string): void {
  const { details = [], error_description: description = "" } = answer.body as Violations;
  const plain = field.replaceAll("[]", "");
  const isNamed =
    details.some(({ field: named = null }) => named !== null && (isWithin(named, plain) || isWithin(plain, named))) ||
    description.includes(plain);
  expect(isNamed, `${field} is not named in ${JSON.stringify(answer.body)}`).toBe(true);
}

/** How the contracts' shapes say that a request is not of the right form. */
const saysMalformed = /Invalid request content|violates validation constraints/;

// What is right, stated once more and independently of the schemas.

interface Kind {
  readonly accepts: (value: unknown) => boolean;
  readonly values: readonly BadJson[];
  /** What is shown of an accepted value; the value itself unless given. */
  readonly shown?: (value: never) => unknown;
}

const everything = [...badValues, ...badTexts];
const isText = (value: unknown): value is string => typeof value === "string";
const isStorable = (text: string) => text.isWellFormed() && !text.includes("\u0000");
const codePoints = (text: string) => [...text].length;
const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
const isInteger = (min: number) => (value: unknown) => Number.isSafeInteger(value) && (value as number) >= min;
const isNumber = (min: number, max: number) => (value: unknown) =>
  typeof value === "number" && value >= min && value <= max;

const amount: Kind = { accepts: isInteger(1), values: everything };
const integer: Kind = { accepts: isInteger(Number.MIN_SAFE_INTEGER), values: everything };
const version: Kind = { accepts: isInteger(0), values: everything };
const usageLimit: Kind = { accepts: (value) => value === -1 || isInteger(1)(value), values: everything };
const percentage: Kind = { accepts: isNumber(0.01, 100), values: everything };
const money: Kind = { accepts: isNumber(0, Number.MAX_SAFE_INTEGER), values: everything };
const moneyOff: Kind = { accepts: isNumber(0.01, Number.MAX_SAFE_INTEGER), values: everything };
const days: Kind = { accepts: (value) => isInteger(1)(value) && Number(value) <= 3_650, values: everything };
const flag: Kind = { accepts: (value) => typeof value === "boolean", values: everything };
const never: Kind = { accepts: () => false, values: everything };
const text = (max: number, min = 0): Kind => ({
  accepts: (value) => isText(value) && isStorable(value) && codePoints(value) >= min && codePoints(value) <= max,
  values: everything,
});
const orNull = (kind: Kind): Kind => ({
  ...kind,
  accepts: (value) => value === null || kind.accepts(value),
});
const isId = (value: unknown) => isText(value) && /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,128}$/u.test(value);
const id: Kind = { accepts: isId, values: everything };
const entryId: Kind = {
  accepts: (value) => isId(value) && !/^(order|restored|refund|settled|lapsed):/.test(String(value)),
  values: everything,
};
const optionId: Kind = {
  accepts: (value) => isText(value) && /^[A-Za-z0-9_.~-]{1,128}$/.test(value),
  values: everything,
};
/** What must be right, and does nothing. */
const ignored = (kind: Kind): Kind => ({ ...kind, shown: () => undefined });
/** What the service has added. */
const withoutMetadata = (shown: unknown): object => ({ ...(shown as object), metadata: undefined });
/** Objects whose members have all a default: what is in them is not asked for, and left out. */
const objectOfDefaults = (shown: unknown): Kind => ({ accepts: isObject, values: everything, shown: () => shown });
const ids: Kind = {
  accepts: (value) => Array.isArray(value) && value.length <= 1_000 && value.every(isId),
  values: everything,
};
/** What coupons cannot do here: it may only be said that they need not. Nothing of it is kept. */
const only = (isNothing: (value: unknown) => boolean): Kind => ({
  accepts: isNothing,
  values: everything,
  shown: () => undefined,
});
const noFlag = only((value) => value === false);
const noList = only((value) => Array.isArray(value) && value.length === 0);
const noMembers = only((value) => isObject(value) && Object.keys(value as object).length === 0);
/** Three letters are not enough for a currency. */
const knownCurrency: Kind = {
  accepts: (value) => isText(value) && Intl.supportedValuesOf("currency").includes(value.toUpperCase()),
  values: [...everything, { json: '"chf"', why: "a currency" }, { json: '"QQQ"', why: "no currency" }],
};
const upperCaseCurrency: Kind = {
  ...knownCurrency,
  values: [...everything, { json: '"QQQ"', why: "no currency" }],
  shown: (value: string) => value.toUpperCase(),
};

/** Every part of a date and time within its range, and the whole within the years 0000 to 9999. */
function isMoment(value: unknown): boolean {
  if (!isText(value)) return false;
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|[+-](\d\d):(\d\d))$/.exec(value);
  if (parts === null) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, hours = 0, minutes = 0] = parts
    .slice(1)
    .map((part) => Number(part ?? 0));
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDay = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isDay || hour > 23 || minute > 59 || second > 59 || hours > 23 || minutes > 59) return false;
  return /^\d{4}-/.test(new Date(value).toISOString());
}
const moment: Kind = {
  accepts: isMoment,
  values: [...badMoments, ...everything],
  shown: (value: string) => new Date(value).toISOString(),
};

const futureMoment: Kind = { ...moment, accepts: (value) => isMoment(value) && Date.parse(String(value)) > Date.now() };

/** What an operation that takes JSON is asked with. */
interface Subject {
  readonly shop: PreparedShop;
  readonly employee: string;
  readonly customer: string;
  /** What the path's parameters stand for. */
  readonly path: Record<string, string>;
}

interface Bodied {
  readonly base: (subject: Subject) => object;
  readonly fields: Readonly<Record<string, Kind>>;
  /** What must be in the body besides, so that a field can be right. */
  readonly beside?: Readonly<Record<string, object>>;
  /** What is stored after a body was accepted, in the body's own shape; null when nothing is. */
  readonly read: (subject: Subject, answer: Answer, sent: Readonly<Record<string, unknown>>) => Promise<unknown>;
  /** The tables that may have more rows afterwards; the first one has as many as bodies were accepted. */
  readonly adds: readonly string[];
  /** The tables whose rows it changes. */
  readonly changes?: readonly string[];
  /** Makes what it needs anew for each body. */
  readonly fresh?: (subject: Subject) => Promise<void> | void;
  readonly asCustomer?: true;
}

const beginning = { createdAt: "0000-01-01T00:00:00Z" };
const grantFields: Readonly<Record<string, Kind>> = {
  id: entryId,
  "reference-id": orNull(text(255)),
  description: text(2_000),
  points: amount,
  createdAt: moment,
  validUntil: moment,
};
const within = (name: string, fields: Readonly<Record<string, Kind>>) =>
  Object.fromEntries(Object.entries(fields).map(([field, kind]) => [`${name}.${field}`, kind]));

const ledgerTables = ["lots", "ledger_entries", "ledgers", "lot_usages"];
const newCustomer = (subject: Subject) => {
  subject.path["customerId"] = crypto.randomUUID();
};

async function summaryOf({ employee, path }: Subject) {
  const { body } = await call("GET", `/reward-points/customer/${path["customerId"]}/summary`, { token: employee });
  type Items = readonly Record<string, unknown>[];
  return (body as { readonly summary: { readonly addedPointsList: Items; readonly redeemedPointsList: Items } })
    .summary;
}

const optionFields: Readonly<Record<string, Kind>> = {
  type: text(64, 1),
  name: text(255, 1),
  description: text(2_000),
  points: amount,
  coupon: never,
  "coupon.name": text(255, 1),
  "coupon.description": text(2_000),
  "coupon.discountType": never,
  "coupon.discountPercentage": percentage,
  "coupon.discountAbsolute": never,
  "coupon.discountAbsolute.amount": moneyOff,
  "coupon.discountAbsolute.currency": knownCurrency,
  "coupon.allowAnonymous": flag,
  "coupon.maxRedemptions": usageLimit,
  "coupon.maxRedemptionsPerCustomer": usageLimit,
  "coupon.categoryRestricted": noFlag,
  "coupon.segmentRestricted": noFlag,
  "coupon.discountCalculationType": only((value) => value === "SUBTOTAL"),
  "coupon.mixins": noMembers,
  "coupon.restrictions": objectOfDefaults({ validFor: [] }),
  "coupon.restrictions.validFor": ids,
  "coupon.restrictions.validFor[]": id,
  "coupon.restrictions.validFrom": moment,
  "coupon.restrictions.validUntil": futureMoment,
  "coupon.restrictions.validForDays": days,
  "coupon.restrictions.includedCategories": noList,
  "coupon.restrictions.includedCategories[]": never,
  "coupon.restrictions.excludedCategories": noList,
  "coupon.restrictions.excludedCategories[]": never,
  "coupon.restrictions.segments": noList,
  "coupon.restrictions.segments[]": never,
  "coupon.restrictions.minOrderValue": never,
  "coupon.restrictions.minOrderValue.amount": money,
  "coupon.restrictions.minOrderValue.currency": knownCurrency,
  pointsAfterCoupon: integer,
  metadata: objectOfDefaults(undefined),
};
const usd = { amount: 1, currency: "USD" };
const absolute = { ...tenPercentOff, discountType: "ABSOLUTE", discountPercentage: undefined, discountAbsolute: usd };
const withMinimum = { ...tenPercentOff, restrictions: { minOrderValue: usd } };
/** Both members of an amount must be given. */
const couponBeside = (field: string): object => {
  if (field.startsWith("coupon.discountAbsolute")) return { coupon: absolute };
  return field.startsWith("coupon.restrictions.minOrderValue") ? { coupon: withMinimum } : {};
};
const amountsBeside = Object.fromEntries(Object.keys(optionFields).map((field) => [field, couponBeside(field)]));
const option = { type: "coupon", name: "An option", points: 1, coupon: { ...tenPercentOff, allowAnonymous: false } };

const use = { orderTotal: { amount: 1_000, currency: "USD" }, discount: { amount: 1, currency: "USD" } };
const useFields: Readonly<Record<string, Kind>> = {
  orderCode: orNull(text(255, 1)),
  customerNumber: orNull(id),
  legalEntityId: orNull(text(255, 1)),
  orderTotal: objectOfDefaults({ amount: 0, currency: "USD" }),
  "orderTotal.amount": money,
  "orderTotal.currency": upperCaseCurrency,
  discount: objectOfDefaults({ amount: 0, currency: "USD" }),
  "discount.amount": money,
  "discount.currency": upperCaseCurrency,
};

/** Every operation that takes a JSON body with fields of its own, and each of these fields. */
const bodied: Readonly<Record<string, Bodied>> = {
  "POST /reward-points/customer/{customerId}/addPoints": {
    base: () => ({ points: 1 }),
    fields: grantFields,
    beside: { validUntil: beginning },
    fresh: newCustomer,
    read: async (subject) => (await summaryOf(subject)).addedPointsList[0],
    adds: ledgerTables,
  },
  "POST /reward-points/customer/{customerId}": {
    base: () => ({ startPoints: { points: 1 } }),
    fields: { customerId: never, startPoints: never, ...within("startPoints", grantFields) },
    beside: { "startPoints.validUntil": { startPoints: { points: 1, ...beginning } } },
    fresh: newCustomer,
    read: async (subject) => ({ startPoints: (await summaryOf(subject)).addedPointsList[0] }),
    adds: ledgerTables,
  },
  "POST /reward-points/customer/{customerId}/redeemPoints": {
    base: () => ({ points: 1 }),
    fields: { id: entryId, description: text(2_000), points: amount },
    fresh: async (subject) => {
      newCustomer(subject);
      await call("POST", `/reward-points/customer/${subject.path["customerId"]}/addPoints`, {
        token: subject.employee,
        json: { points: Number.MAX_SAFE_INTEGER },
      });
    },
    read: async (subject) => (await summaryOf(subject)).redeemedPointsList[0],
    adds: ["lot_usages", "ledger_entries"],
    changes: ["lots", "ledgers"],
  },
  "POST /reward-points/public/customer/redeem": {
    base: ({ shop }) => ({ id: shop.optionId }),
    fields: { id: text(128, 1), redeemOptionId: text(128, 1) },
    beside: { redeemOptionId: { id: undefined } },
    read: () => Promise.reject(new Error("None of these is an option's id.")),
    adds: [],
    asCustomer: true,
  },
  "POST /reward-points/{tenant}/redeemOptions": {
    base: () => ({ ...option, id: crypto.randomUUID() }),
    fields: { id: optionId, ...optionFields, "metadata.version": ignored(version) },
    beside: amountsBeside,
    read: async (_subject, { body }, sent) =>
      withoutMetadata((body as readonly Record<string, unknown>[]).find((shown) => shown["id"] === sent["id"])),
    adds: ["redeem_options"],
  },
  "PUT /reward-points/{tenant}/redeemOptions/{redeemOptionId}": {
    base: () => option,
    fields: {
      // Ignored, as its description says; it must be of the right form all the same.
      id: ignored(optionId),
      ...optionFields,
      "metadata.version": ignored(version),
    },
    beside: amountsBeside,
    read: async (_subject, { body }) => ({ ...withoutMetadata(body), id: undefined }),
    adds: [],
    changes: ["redeem_options"],
  },
  "POST /coupon/{tenant}/coupons/{code}/validation": {
    base: () => use,
    fields: useFields,
    read: async () => null,
    adds: [],
  },
  "POST /coupon/{tenant}/coupons/{code}/redemptions": {
    base: () => use,
    fields: useFields,
    read: async ({ employee, shop }, { body }) => {
      const { id: redemption } = body as { readonly id: string };
      const path = `/coupon/${shop.tenant}/coupons/${shop.code}/redemptions/${redemption}`;
      return (await call("GET", path, { token: employee })).body;
    },
    adds: ["coupon_redemptions"],
    changes: ["coupons"],
  },
};

/** Their bodies are objects of any kind, or a form: they have tests of their own below. */
const looselyBodied: ReadonlySet<string> = new Set([
  "POST /reward-points/{tenant}/events",
  "POST /site/{tenant}/sites/{siteCode}/mixins",
  "PUT /site/{tenant}/sites/{siteCode}/mixins/{mixinName}",
  "PATCH /site/{tenant}/sites/{siteCode}/mixins/{mixinName}",
  "POST /oauth/token",
]);

test("every field of every body has its kind here", () => {
  for (const { name, bodyTypes, bodyFields } of operations) {
    if (bodyTypes.length === 0 || looselyBodied.has(name)) continue;
    const known = Object.keys(bodied[name]?.fields ?? {});
    expect(known.sort(), `\`bodied\` of test/trust/bad-input.test.ts, ${name}`).toEqual([...bodyFields].sort());
  }
});

/** A shop, and who calls in it. */
async function subjectOf(shop: PreparedShop): Promise<Subject> {
  const { tenant, customerId } = shop;
  const path = {
    ...{ tenant, customerId, code: shop.code, id: shop.redemptionId, redeemOptionId: shop.optionId },
    ...{ eventId: shop.eventId, siteCode: shop.siteCode, mixinName: shop.mixinName },
  };
  const [employee, customer] = [employeeToken(tenant, allScopes), customerToken(tenant, customerId)];
  return { shop, employee: await employee, customer: await customer, path };
}

const placeholder = "«here»";

/** `base` as JSON text, with `raw` where `field` is. */
function jsonWith(base: object, field: string, raw: string): string {
  const put = (body: unknown, [first = "", ...rest]: readonly string[]): object => {
    const name = first.replace("[]", "");
    const leaf = first.endsWith("[]") ? [placeholder] : placeholder;
    const inner = (body as Record<string, unknown> | undefined)?.[name];
    return { ...(body as object), [name]: rest.length === 0 ? leaf : put(inner, rest) };
  };
  return JSON.stringify(put(base, field.split("."))).replace(JSON.stringify(placeholder), () => raw);
}

const valueAt = (body: unknown, field: string): unknown =>
  field.split(".").reduce<unknown>((inner, part) => {
    const member = (inner as Record<string, unknown> | undefined)?.[part.replace("[]", "")];
    return part.endsWith("[]") ? (member as readonly unknown[])[0] : member;
  }, body);

/** That every row which was there is there unchanged, and that rows came only into the tables given. */
function expectOnlyAdded(before: Stored, after: Stored, adds: readonly string[], changes: readonly string[]): void {
  for (const [table, rows] of Object.entries(before)) {
    const now = after[table] ?? [];
    if (changes.includes(table)) {
      expect(now.length).toBe(rows.length);
      continue;
    }
    if (!adds.includes(table)) {
      expect(now, table).toEqual(rows);
      continue;
    }
    const kept = new Set(now.map((row) => JSON.stringify(row)));
    expect(rows.filter((row) => !kept.has(JSON.stringify(row)))).toEqual([]);
  }
}

describe.each(Object.entries(bodied))("%s", (name, operation) => {
  const { base, fields, beside = {}, read, adds, changes = [], fresh, asCustomer } = operation;
  const { method = "", path = "" } = operations.find((each) => each.name === name) ?? {};
  let subject: Subject;
  let requests = 0;

  beforeEach(async () => {
    // A tenant has so many options at most, and what is compared should stay small.
    if (requests % 100 === 0) subject = await subjectOf(await prepareShop());
    requests += sized(10, 100);
  });

  test.each(Object.entries(fields))("%s", async (field, kind) => {
    const token = asCustomer ? subject.customer : subject.employee;
    let before = await everythingStored(subject.shop.tenant);
    for (const { json, why } of some(kind.values, `${name} ${field}`)) {
      cases += 1;
      await fresh?.(subject);
      if (fresh !== undefined && adds.includes("lot_usages")) before = await everythingStored(subject.shop.tenant);
      const right = { ...base(subject), ...beside[field] };
      const body = jsonWith(right, field, json);
      const answer = await call(method, filledPath(path, subject.path), {
        token,
        body,
        headers: { "Content-Type": "application/json" },
      });
      const told = `${field}: ${json.slice(0, 80)} (${why}): ${answer.status} ${JSON.stringify(answer.body)}`;
      const value: unknown = JSON.parse(json);
      if (!kind.accepts(value)) {
        expect(answer.status, told).toBe(400);
        expectNamed(answer, field);
        expect(await everythingStored(subject.shop.tenant), told).toEqual(before);
        continue;
      }
      if (answer.status >= 400) {
        // The value is right, and means something that cannot be done, which is said in words of its own.
        expect([400, 403, 404, 409], told).toContain(answer.status);
        expect(JSON.stringify(answer.body), told).not.toMatch(saysMalformed);
        expect(await everythingStored(subject.shop.tenant), told).toEqual(before);
        continue;
      }
      expect([200, 201], told).toContain(answer.status);
      const stored = await read(subject, answer, JSON.parse(body));
      if (stored !== null) {
        const shown = kind.shown === undefined || value === null ? value : kind.shown(value as never);
        expect(JSON.stringify(valueAt(stored, field) ?? null), told).toBe(JSON.stringify(shown ?? null));
      }
      const after = await everythingStored(subject.shop.tenant);
      expectOnlyAdded(before, after, adds, changes);
      const [main] = adds;
      if (main !== undefined) expect(after[main]?.length, told).toBe((before[main]?.length ?? 0) + 1);
      before = after;
    }
  });

  test.each(Object.keys(fields).filter((field) => !field.endsWith("[]")))(
    "%s, twice: the last one counts",
    async (field) => {
      await fresh?.(subject);
      const before = await everythingStored(subject.shop.tenant);
      const right = { ...base(subject), ...beside[field] };
      const [leaf = ""] = field.split(".").slice(-1);
      const wrongLast = jsonWith(right, field, `1,${JSON.stringify(leaf)}:[[]]`);
      cases += 1;
      const answer = await call(method, filledPath(path, subject.path), {
        token: asCustomer ? subject.customer : subject.employee,
        body: wrongLast,
        headers: { "Content-Type": "application/json" },
      });
      expect(answer.status).toBe(400);
      expectNamed(answer, field);
      expect(await everythingStored(subject.shop.tenant)).toEqual(before);
    },
  );
});

/** The path of an operation in a subject's shop; redemptions are of the coupon that has been used. */
function pathOf({ path }: Operation, subject: Subject, more: Readonly<Record<string, string>> = {}): string {
  const code = path.endsWith("/redemptions/{id}") ? { code: subject.shop.usedCode } : {};
  return filledPath(path, { ...subject.path, ...code, ...more });
}

/** A shop for operations that find in it what they need however often they are called. */
let lasting: Subject;
beforeAll(async () => {
  lasting = await subjectOf(await prepareShop());
});

/** DELETE finds it once only. */
const subjectFor = async ({ method }: Operation): Promise<Subject> =>
  method === "DELETE" ? subjectOf(await prepareShop()) : lasting;

/** A request that is right, by operation, for what is tried on all of them. */
const rightBodies: Readonly<Record<string, (subject: Subject) => object>> = {
  ...Object.fromEntries(
    Object.entries(bodied).map(([name, { base }]) => [name, (subject: Subject) => base(subject)] as const),
  ),
  "POST /reward-points/{tenant}/events": () => ({ type: "x", payload: {} }),
  "POST /site/{tenant}/sites/{siteCode}/mixins": () => ({ [crypto.randomUUID()]: {} }),
  "PUT /site/{tenant}/sites/{siteCode}/mixins/{mixinName}": () => ({ a: 1 }),
  "PATCH /site/{tenant}/sites/{siteCode}/mixins/{mixinName}": () => ({ a: 1 }),
};

/** Whoever may call an operation: a customer where only customers may. */
const tokenFor = ({ security }: Operation, { employee, customer }: Subject): string | undefined => {
  if (security.length === 0) return undefined;
  return security.includes("OAuth2") ? employee : customer;
};

const withJson = operations.filter(({ bodyTypes }) => bodyTypes.includes("application/json"));

describe.each(withJson)("$name", (operation) => {
  const { name, method } = operation;

  test("refuses every body that is none", async () => {
    const subject = lasting;
    const before = await everythingStored(subject.shop.tenant);
    for (const { name: what, body, contentType = "application/json", headers = {}, chunked, status } of some(
      badBodies,
      name,
    )) {
      cases += 1;
      const type: Record<string, string> = contentType === null ? {} : { "Content-Type": contentType };
      const answer = await call(method, pathOf(operation, subject), {
        token: tokenFor(operation, subject),
        body: (chunked === undefined ? body : new Response(body).body) as BodyInit,
        headers: { ...type, ...headers },
      });
      expect(answer.status, `${what}: ${JSON.stringify(answer.body)}`).toBe(status);
      expect(await everythingStored(subject.shop.tenant), what).toEqual(before);
    }
  });

  test("takes a body with a byte order mark, in chunks, and with members that it does not know", async () => {
    const right = rightBodies[name];
    expect(right, `${name} needs a body in \`rightBodies\` of test/trust/bad-input.test.ts`).toBeDefined();
    const headers = { "Content-Type": "application/json" };
    const sendRight = async (alter: (json: string) => BodyInit) => {
      await bodied[name]?.fresh?.(lasting);
      const body = alter(JSON.stringify(right?.(lasting)));
      cases += 1;
      const token = tokenFor(operation, lasting);
      return (await call(method, pathOf(operation, lasting), { token, body, headers })).status;
    };
    const plain = await sendRight((json) => json);
    expect(plain).toBeLessThan(300);
    expect(await sendRight((json) => `\ufeff${json}`)).toBe(plain);
    expect(await sendRight((json) => new Blob([json]).stream())).toBe(plain);
    expect(await sendRight((json) => ` \r\n${json}\t\n`)).toBe(plain);
    if (looselyBodied.has(name)) return;
    for (const member of [
      '"__proto__":{"points":1000}',
      '"constructor":{"prototype":{"points":1000}}',
      '"":1',
      '"a.b":[]',
    ]) {
      expect(await sendRight((json) => json.replace(/\}$/, `,${member}}`)), member).toBe(plain);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>)["points"]).toBeUndefined();
  });
});

// Paths, queries and headers.

type Accepts = (text: string) => boolean;
const wholeNumber =
  (max: number): Accepts =>
  (word) =>
    /^[1-9][0-9]*$/.test(word) && Number(word) <= max;
const oneOf =
  (...words: readonly string[]): Accepts =>
  (word) =>
    words.includes(word);
const sizedText = (max: number): Accepts => text(max, 1).accepts;
const site: Accepts = (word) => isId(word) && /^[^\s#]{1,64}$/u.test(word);
const anything: Accepts = () => true;

/** What each parameter may be; a list has more than one where operations differ. */
const parameterKinds: Readonly<Record<string, Accepts>> = {
  "path:tenant": anything,
  "path:customerId": isId,
  "path:redeemOptionId": anything,
  "path:code": sizedText(512),
  "path:id": sizedText(128),
  "path:eventId": sizedText(64),
  "path:siteCode": site,
  "path:mixinName": (word) =>
    /^[A-Za-z0-9_.-]{1,64}$/.test(word) && !["__proto__", "constructor", "prototype"].includes(word),
  "query:siteCode": site,
  "query:issuedTo": isId,
  "query:customerId": isId,
  "query:customerNumber": isId,
  "query:code": sizedText(512),
  "query:orderId": sizedText(128),
  "query:orderCode": sizedText(255),
  "query:q": (word) => /^ *$/.test(word) && isStorable(word),
  "query:status": oneOf("INACTIVE", "VALID", "EXPIRED", "USED"),
  "query:verdict": oneOf("granted", "taken-back", "given-back", "erased", "duplicate", "waiting", "ignored", "failed"),
  "query:showDeleted": oneOf("true", "false"),
  "query:totalCount": oneOf("true", "false"),
  "query:sort": oneOf("issuedAt", "code", "redeemedAt"),
  "query:pageNumber": wholeNumber(999_999_999),
  "query:pageSize": wholeNumber(1_000),
  "GET /reward-points/{tenant}/events query:pageSize": wholeNumber(200),
  "query:deep": oneOf("0", "1"),
  "query:acceptExpired": oneOf("true", "false"),
  "query:asOf": isMoment,
};

const described = operations.flatMap((operation) =>
  operation.parameters
    .filter((parameter) => parameter.in !== "header")
    .map((parameter) => ({
      operation,
      where: parameter.in,
      parameter: parameter.name,
      title: `${operation.name} ${parameter.in}:${parameter.name}`,
    })),
);
const kindOf = (title: string, where: string, parameter: string): Accepts | undefined =>
  parameterKinds[title] ?? parameterKinds[`${where}:${parameter}`];

test("every parameter has its kind here", () => {
  const unknown = described.filter(({ title, where, parameter }) => kindOf(title, where, parameter) === undefined);
  expect(
    unknown.map(({ title }) => title),
    "put these into `parameterKinds` of test/trust/bad-input.test.ts",
  ).toEqual([]);
});

const leadsTo = ({ path }: Operation, pathname: string): boolean =>
  new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(pathname);

const moments: readonly BadWord[] = badMoments.map(({ json, why }) => ({
  raw: encodeURIComponent(JSON.parse(json) as string),
  why,
}));

describe.each(described)("$title", ({ operation, where, parameter, title }) => {
  const { name, method } = operation;
  const accepts = kindOf(title, where, parameter) ?? anything;

  async function ask(subject: Subject, raw: string, more = ""): Promise<Answer> {
    cases += 1;
    const path = pathOf(operation, subject, where === "path" ? { [parameter]: raw } : {});
    const query = where === "query" ? `?${parameter}=${raw}${more}` : "";
    const json = rightBodies[name]?.(subject);
    const token = tokenFor(operation, subject);
    return call(method, `${path}${query}`, { token, ...(json === undefined ? {} : { json }) });
  }

  test("meets bad words", async () => {
    const subject = await subjectFor(operation);
    const before = await everythingStored(subject.shop.tenant);
    for (const { raw, why } of some([...badWords, ...(parameter === "asOf" ? moments : [])], title)) {
      const answer = await ask(subject, raw);
      const told = `${raw} (${why}): ${answer.status} ${JSON.stringify(answer.body)}`;
      if (where === "path" && raw === "") {
        expect([404, 405], told).toContain(answer.status);
      } else if (parameter === "tenant") {
        expect([401, 403, 404], told).toContain(answer.status);
      } else if (accepts(decodeURIComponent(raw))) {
        expect([200, 201, 202, 204, 400, 404, 409], told).toContain(answer.status);
        const { details } = answer.body as Violations;
        if (answer.status === 400) expect(details?.map(({ field }) => field) ?? [], told).not.toContain(parameter);
      } else {
        expect(answer.status, told).toBe(400);
        expectNamed(answer, parameter);
      }
    }
    if (method !== "GET") return;
    expect(await everythingStored(subject.shop.tenant)).toEqual(before);
  });

  test("meets what stands for no text, and dots", async () => {
    const subject = await subjectFor(operation);
    const before = await everythingStored(subject.shop.tenant);
    for (const { raw, why } of some(brokenWords, title)) {
      const answer = await ask(subject, raw);
      expect(answer.status, `${raw} (${why}): ${JSON.stringify(answer.body)}`).toBe(400);
      expect(JSON.stringify(answer.body)).toMatch(/(path|query) is not percent-encoded UTF-8/);
    }
    for (const dots of where === "path" ? [".", "..", "%2e", "%2E%2e", ".%2e"] : []) {
      // Steps in a folder are taken before a request is sent; they can lead to another operation, which is then meant.
      const led = new URL(`https://points.test${pathOf(operation, subject, { [parameter]: dots })}`).pathname;
      if (operations.some((other) => other.method === method && leadsTo(other, led))) continue;
      expect([404, 405], dots).toContain((await ask(subject, dots)).status);
    }
    const long = await ask(subject, "x".repeat(9_000));
    expect(long.status, JSON.stringify(long.body).slice(0, 500)).toBeLessThan(500);
    expect(long.status === 204 || long.status >= 400).toBe(true);
    expect(await everythingStored(subject.shop.tenant)).toEqual(before);
  });

  if (where !== "query") return;
  test("given twice, is refused", async () => {
    const subject = await subjectFor(operation);
    const before = await everythingStored(subject.shop.tenant);
    const answer = await ask(subject, "1", `&${parameter}=1`);
    expect(answer.status).toBe(400);
    expectNamed(answer, parameter);
    expect(await everythingStored(subject.shop.tenant)).toEqual(before);
  });
});

const keyed = operations.filter(({ parameters }) => parameters.some(({ name }) => name === "idempotency-key"));

test.each(keyed)("$name: keys of any printable form count, and no others", async (operation) => {
  const { name, method } = operation;
  const subject = await subjectFor(operation);
  const send = async (key: string) => {
    cases += 1;
    await bodied[name]?.fresh?.(subject);
    const json = rightBodies[name]?.(subject);
    const headers = { "Idempotency-Key": key };
    return call(method, pathOf(operation, subject), { token: tokenFor(operation, subject), json, headers });
  };
  const before = await everythingStored(subject.shop.tenant);
  for (const key of ["", "x".repeat(256), "x".repeat(8_000), "caf\u00e9", "a\tb", "\u00ff", "\u0080", "a\u007fb"]) {
    const answer = await send(key);
    expect(answer.status, key).toBe(400);
    expectNamed(answer, "idempotency-key");
  }
  if (bodied[name]?.adds.includes("lot_usages") !== true || bodied[name]?.fresh === undefined) {
    expect(await everythingStored(subject.shop.tenant)).toEqual(before);
  }
  for (const key of ["x".repeat(255), "'; drop table ledgers; --", '"{}[]\\', "__proto__", "~ ~", "a, b"]) {
    const answer = await send(key);
    expect(answer.status, `${key}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
    expect(answer.headers.get("Idempotency-Replayed"), key).toBeNull();
  }
});

const counting = operations.filter(({ parameters }) => parameters.some(({ name }) => name === "x-total-count"));

test.each(counting)("$name: nothing but true asks for the number", async (operation) => {
  const subject = lasting;
  for (const word of ["", "TRUE ", "1", "yes", "true, true", "x".repeat(8_000), "\u00ff"]) {
    cases += 1;
    const headers = { "X-Total-Count": word };
    const answer = await call("GET", filledPath(operation.path, subject.path), { token: subject.employee, headers });
    expect(answer.status).toBe(200);
  }
});

const fetched = (request: Request) =>
  worker.fetch(request as Parameters<typeof worker.fetch>[0], env, createExecutionContext());

describe("what an operation does not take", () => {
  test.each(operations.filter(({ bodyTypes }) => bodyTypes.length === 0))(
    "$name: a body is not looked at",
    async (operation) => {
      const { method } = operation;
      const [one, two] = [await subjectFor(operation), await subjectFor(operation)];
      const ask = async (subject: Subject, body: string | null) => {
        const token = tokenFor(operation, subject);
        const headers = {
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          "Content-Type": "text/x",
        };
        const url = `https://points.test${pathOf(operation, subject)}`;
        if (body === null) return fetched(new Request(url, { method, headers }));
        cases += 1;
        // A client can send a body with GET, although a Request cannot be made with one.
        const request = new Request(url, { method: "POST", headers, body });
        const disguised = new Proxy(request, {
          get: (target, member) => {
            if (member === "method") return method;
            const value: unknown = Reflect.get(target, member, target);
            return typeof value === "function" ? value.bind(target) : value;
          },
        });
        const answer = await fetched(disguised);
        expect(request.bodyUsed).toBe(false);
        return answer;
      };
      const [without, withBody] = [await ask(one, null), await ask(two, '{"points":1000')];
      expect(withBody.status).toBe(without.status);
      expect(withBody.status).toBeLessThan(300);
    },
  );

  test.each(operations)("$name: parameters that there are not are ignored", async (operation) => {
    const { name, method, bodyTypes } = operation;
    if (bodyTypes.includes("application/x-www-form-urlencoded")) return;
    const statusWith = async (query: string) => {
      const subject = await subjectFor(operation);
      await bodied[name]?.fresh?.(subject);
      const json = rightBodies[name]?.(subject);
      cases += 1;
      const token = tokenFor(operation, subject);
      return (await call(method, `${pathOf(operation, subject)}${query}`, { token, json })).status;
    };
    expect(await statusWith("?__proto__=1&constructor=1&points[]=5&points[x]=5&=&&&")).toBe(await statusWith(""));
  });
});

// Bodies without fields of their own.

/** JSON that has one meaning for every reader; the rest is refused by its path. */
const hasOneMeaning = (json: string): boolean => {
  let flawed = false;
  let deepest = 0;
  const walk = (value: unknown, depth: number): void => {
    deepest = Math.max(deepest, depth);
    if (depth > 200) return;
    if (isText(value) && !value.isWellFormed()) flawed = true;
    if (typeof value === "number" && !Number.isFinite(value)) flawed = true;
    if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) walk(inner, depth + 1);
  };
  walk(JSON.parse(json), 0);
  return !flawed && deepest < 60;
};

describe("a mixin", () => {
  test.each(["POST", "PUT", "PATCH"])("holds what %s gave it exactly, or nothing of it", async (method) => {
    const subject = await subjectOf(await prepareShop());
    const { shop, employee: token } = subject;
    const mixins = `/site/${shop.tenant}/sites/bad/mixins`;
    const headers = { "Content-Type": "application/json" };
    for (const [index, { json, why }] of some([...everything, ...badMoments], `mixin ${method}`).entries()) {
      cases += 1;
      const name = `m${index % 50}`;
      if (method !== "POST") await call("POST", mixins, { token, json: { [name]: { old: 1 } } });
      const path = method === "POST" ? mixins : `${mixins}/${name}`;
      const content = `{"old":null,"value":${json},"__proto__":{"points":1}}`;
      const answer = await call(method, path, {
        token,
        headers,
        body: method === "POST" ? `{"${name}":${content}}` : content,
      });
      const told = `${json.slice(0, 80)} (${why}): ${answer.status} ${JSON.stringify(answer.body)}`;
      const kept = await call("GET", `${mixins}/${name}`, { token });
      if (hasOneMeaning(json)) {
        expect(answer.status, told).toBeLessThan(300);
        const { value } = kept.body as { value?: unknown };
        const patched = method === "PATCH" ? withoutNull(JSON.parse(json)) : JSON.parse(json);
        expect(JSON.stringify(value ?? null), told).toBe(JSON.stringify(patched ?? null));
      } else {
        expect(answer.status, told).toBe(400);
        if (method === "POST") expect(kept.status).toBe(404);
        else expect(kept.body).toEqual({ old: 1 });
      }
      await call("DELETE", `${mixins}/${name}`, { token });
    }
  });

  /** What a merge patch makes of a value that comes anew: members that are null are not there. */
  function withoutNull(value: unknown): unknown {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, inner]) => inner !== null)
        .map(([member, inner]) => [member, withoutNull(inner)]),
    );
  }

  test("has a name that is one", async () => {
    const { shop, employee: token } = await subjectOf(await prepareShop());
    const before = await everythingStored(shop.tenant);
    for (const { json, why } of badTexts) {
      const name: string = JSON.parse(json);
      if (parameterKinds["path:mixinName"]?.(name)) continue;
      cases += 1;
      const body = `{${json}:{"a":1}}`;
      const headers = { "Content-Type": "application/json" };
      const answer = await call("POST", `/site/${shop.tenant}/sites/main/mixins`, { token, body, headers });
      expect(answer.status, `${json} (${why})`).toBe(400);
    }
    expect(await everythingStored(shop.tenant)).toEqual(before);
  });
});

describe("reward settings", () => {
  const isFactor = (value: unknown) =>
    (typeof value === "number" && value >= 0 && Number.isFinite(value)) ||
    (isText(value) && /^(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/.test(value));
  const isPrefix = (value: unknown) => isText(value) && /^[A-Za-z0-9_-]{1,16}$/.test(value);
  const isMonths = (value: unknown) => value === null || (isInteger(1)(value) && (value as number) <= 12_000);
  const isFlag = (value: unknown) => typeof value === "boolean";
  const isGiveBacks = (value: unknown) => isInteger(0)(value) && (value as number) <= 1_000;
  test.each<[string, (value: unknown) => boolean]>([
    ["enabled", isFlag],
    ["enable", isFlag],
    ["codePrefix", isPrefix],
    ["couponPrefix", isPrefix],
    ["orderValueToRewardPointsFactor", isFactor],
    ["validityInMonths", isMonths],
    ["earningBase", () => false],
    ["returnPolicy", () => false],
    ["giveBacksPerDay", isGiveBacks],
  ])("%s", async (member, accepts) => {
    const { shop, employee: token } = await subjectOf(await prepareShop());
    const path = `/site/${shop.tenant}/sites/main/mixins/couponSettings`;
    let before = await everythingStored(shop.tenant);
    for (const { json, why } of some(everything, `settings ${member}`)) {
      cases += 1;
      // A site cannot be switched on without a factor.
      const factor = member === "orderValueToRewardPointsFactor" ? "" : '"orderValueToRewardPointsFactor":1,';
      const body = `{"rewardpoints":{${factor}"${member}":${json}}}`;
      const headers = { "Content-Type": "application/json" };
      const answer = await call("PUT", path, { token, body, headers });
      const told = `${json.slice(0, 80)} (${why}): ${answer.status} ${JSON.stringify(answer.body)}`;
      if (accepts(JSON.parse(json))) {
        expect(answer.status, told).toBe(200);
        expect(JSON.stringify((await call("GET", path, { token })).body), told).toBe(JSON.stringify(JSON.parse(body)));
        before = await everythingStored(shop.tenant);
        continue;
      }
      expect(answer.status, told).toBe(400);
      if (hasOneMeaning(json)) expectNamed(answer, `couponSettings.rewardpoints.${member}`);
      expect(await everythingStored(shop.tenant), told).toEqual(before);
    }
  });
});

describe("an order's event", () => {
  test("with a bad value is kept as far as it is read, and earns nothing that it should not", async () => {
    const { shop, employee: token } = await subjectOf(await prepareShop());
    const events = `/reward-points/${shop.tenant}/events`;
    const headers = { "Content-Type": "application/json" };
    const ledgers = async () => {
      const stored = await everythingStored(shop.tenant);
      return [stored["ledger_entries"], stored["lots"], stored["coupons"]];
    };
    const before = await ledgers();
    const counts = await rowCounts();
    const taken: { readonly id: string; readonly body: string }[] = [];
    const fields = ["id", "status", "siteCode", "customer", "customer.id", "calculatedPrice"];
    const hopeless = (field: string, value: unknown): boolean => {
      switch (field) {
        case "siteCode":
        case "id":
          return !isId(value) || (field === "siteCode" && !site(String(value)));
        case "customer":
          return true;
        case "customer.id":
          return !isId(value);
        default:
          return true;
      }
    };
    for (const field of fields) {
      for (const { json } of some(everything, `event ${field}`)) {
        const value: unknown = JSON.parse(json);
        if (!hopeless(field, value) || (field === "siteCode" && value === null)) continue;
        // The order's other price would count.
        const order = { ...completedOrder(`bad-${taken.length}`), totalPrice: undefined };
        const body = jsonWith({ type: "order.updated", payload: order }, `payload.${field}`, json);
        cases += 1;
        const answer = await call("POST", events, { token, headers, body });
        if (!hasOneMeaning(json)) {
          expect(answer.status, json.slice(0, 80)).toBe(400);
          continue;
        }
        expect(answer.status, `${json.slice(0, 80)} ${JSON.stringify(answer.body)}`).toBe(202);
        taken.push({ id: (answer.body as { readonly id: string }).id, body });
      }
    }
    const kept = async () => (await everythingStored(shop.tenant))["order_events"]?.length;
    await expect
      .poll(kept, { timeout: 30_000, interval: 200 })
      .toBe((counts["order_events"] === undefined ? 0 : 1) + taken.length);
    for (const { id: event, body } of taken) {
      const shown = (await call("GET", `${events}/${event}`, { token })).body as { verdict: string; event: unknown };
      expect(["ignored", "failed"], body.slice(0, 300)).toContain(shown.verdict);
      const projected = projectEvent(JSON.parse(body) as JsonObject);
      expect(JSON.stringify(shown.event)).toBe(JSON.stringify(projected));
    }
    expect(await ledgers()).toEqual(before);
  });
});

describe("a request for a token", () => {
  const right = { grant_type: "client_credentials", client_id: "nobody", client_secret: "nothing" };
  const limits: Readonly<Record<string, number>> = {
    grant_type: Number.MAX_SAFE_INTEGER,
    client_id: 128,
    client_secret: 256,
    scope: 2_000,
  };

  test.each(operations.find(({ path }) => path === "/oauth/token")?.bodyFields ?? [])("%s", async (field) => {
    const before = await rowCounts();
    for (const { raw, why } of some(badWords, `token ${field}`)) {
      cases += 1;
      const form = Object.entries({ ...right, [field]: null })
        .map(([name, value]) => `${name}=${value ?? raw}`)
        .join("&");
      const answer = await call("POST", "/oauth/token", {
        body: form,
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
      });
      const told = `${raw.slice(0, 80)} (${why}): ${answer.status} ${JSON.stringify(answer.body)}`;
      const isTooLong = codePoints(decodeURIComponent(raw)) > (limits[field] ?? 0);
      expect(answer.status, told).toBe(isTooLong || field === "grant_type" ? 400 : 401);
      if (isTooLong) expectNamed(answer, field);
      expect(answer.body, told).toMatchObject({ error: expect.any(String), error_description: expect.any(String) });
    }
    expect(await rowCounts()).toEqual(before);
  });

  test("that is no form is refused", async () => {
    const broken = [
      "",
      "=",
      "&",
      "grant_type",
      "grant_type=client_credentials&client_id=%ff&client_secret=%zz",
      "%",
      "[]",
    ];
    for (const body of broken) {
      cases += 1;
      const headers = { "Content-Type": "application/x-www-form-urlencoded" };
      expect([400, 401], body).toContain((await call("POST", "/oauth/token", { body, headers })).status);
    }
    for (const [contentType, body] of [
      ["application/json", JSON.stringify(right)],
      ["text/plain", "grant_type=client_credentials"],
      ["multipart/form-data; boundary=x", "--x--"],
      ["application/x-www-form-urlencoded; charset=utf-16", "grant_type=client_credentials"],
    ] as const) {
      cases += 1;
      const answer = await call("POST", "/oauth/token", { body, headers: { "Content-Type": contentType } });
      expect(answer.status, contentType).toBe(415);
    }
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    expect((await call("POST", "/oauth/token", { body: new Uint8Array([0xff, 0x3d]), headers })).status).toBe(400);
    expect((await call("POST", "/oauth/token", { body: "x".repeat(1_048_576), headers })).status).toBe(413);
  });
});

afterAll(() => {
  report("bad-input", cases, `bad values, bodies, paths, queries and headers over ${operations.length} operations`);
});

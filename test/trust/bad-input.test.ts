import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { projectEvent } from "../../src/orders/rules/event-projection.ts";
import type { JsonObject } from "../../src/platform/values/json-object.ts";
import worker from "../../src/worker.ts";
import { kindsOf } from "../operations/callers.ts";
import { badForAll, type Field, isId, isText, mixinName, siteCode } from "../operations/fields.ts";
import type { Subject, Written } from "../operations/operation-entry.ts";
import {
  entryOf,
  fieldAt,
  rightBody,
  rightPath,
  rightSearch,
  type TabledOperation,
  tabledOperations,
} from "../operations/table.ts";
import { addClients } from "../support/api-clients.ts";
import {
  type BadJson,
  type BadWord,
  badBodies,
  badMoments,
  badTexts,
  badWords,
  brokenWords,
} from "../support/bad-input.ts";
import { everythingStored, rowCounts, type Stored } from "../support/everything-stored.ts";
import { completedOrder } from "../support/orders/order-events.ts";
import { allScopes, type PreparedShop, prepareShop } from "../support/prepared-shop.ts";
import { type Answer, call } from "../support/shop.ts";
import { customerToken, employeeToken } from "../support/tokens.ts";
import { report, seed, sized } from "../support/verification.ts";

// Many requests a test: on a busy machine they take longer than tests usually may.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** A request is bad in one place, and right in all others. */
let cases = 0;

const operations = await tabledOperations();

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

/** The bad values of a field. */
const badFor = ({ bad = [] }: Field): readonly BadJson[] => [...bad, ...badForAll];

/** A shop, and who calls in it. */
async function subjectOf(shop: PreparedShop): Promise<Subject> {
  const { tenant, customerId } = shop;
  const [employee, customer] = [employeeToken(tenant, allScopes), customerToken(tenant, customerId)];
  return { shop, employee: await employee, customer: await customer, path: {} };
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

/** Operations whose bodies have fields of their own; those of the others are objects of any kind, or a form. */
const written = operations.flatMap((operation) => {
  const { written: becomes, fields } = operation.entry;
  return becomes === undefined || fields === undefined ? [] : [{ ...operation, fields, becomes }];
});

/** A right body; where each must be another one, another one. */
const bodyOf = (operation: TabledOperation, { shop }: Subject): object =>
  operation.entry.written?.base?.() ?? rightBody(operation, shop).json ?? {};

/** What a request can be refused with that is of the right form. */
const refusalsOf = ({ entry }: TabledOperation): readonly number[] => [400, 403, ...(entry.answers.refusals ?? [])];

describe.each(written)("$name", (operation) => {
  const { name, method, fields, becomes } = operation;
  const { beside = {}, read, adds, changes = [], fresh }: Written = becomes;
  let subject: Subject;
  let requests = 0;

  beforeEach(async () => {
    // A tenant has so many options at most, and what is compared should stay small.
    if (requests % 100 === 0) subject = await subjectOf(await prepareShop());
    requests += sized(10, 100);
  });

  test.each(Object.entries(fields))("%s", async (field, kind) => {
    const token = tokenFor(operation, subject);
    let before = await everythingStored(subject.shop.tenant);
    for (const { json, why } of some(badFor(kind), `${name} ${field}`)) {
      cases += 1;
      await fresh?.(subject);
      if (fresh !== undefined && adds.includes("lot_usages")) before = await everythingStored(subject.shop.tenant);
      const right = { ...bodyOf(operation, subject), ...beside[field] };
      const body = jsonWith(right, field, json);
      const answer = await call(method, pathOf(operation, subject), {
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
        expect(refusalsOf(operation), told).toContain(answer.status);
        expect(JSON.stringify(answer.body), told).not.toMatch(saysMalformed);
        expect(await everythingStored(subject.shop.tenant), told).toEqual(before);
        continue;
      }
      expect(answer.status, told).toBe(operation.entry.answers.ok);
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
      const right = { ...bodyOf(operation, subject), ...beside[field] };
      const [leaf = ""] = field.split(".").slice(-1);
      const wrongLast = jsonWith(right, field, `1,${JSON.stringify(leaf)}:[[]]`);
      cases += 1;
      const answer = await call(method, pathOf(operation, subject), {
        token: tokenFor(operation, subject),
        body: wrongLast,
        headers: { "Content-Type": "application/json" },
      });
      expect(answer.status).toBe(400);
      expectNamed(answer, field);
      expect(await everythingStored(subject.shop.tenant)).toEqual(before);
    },
  );
});

/** The path of an operation in a subject's shop. */
const pathOf = (
  operation: TabledOperation,
  { shop, path }: Subject,
  more: Readonly<Record<string, string>> = {},
): string => rightPath(operation, shop, { path: { ...path, ...more } });

/** A shop for operations that find in it what they need however often they are called. */
let lasting: Subject;
beforeAll(async () => {
  lasting = await subjectOf(await prepareShop());
  await addClients([lasting.shop.tenant]);
});

/** What can be done once only needs a shop of its own. */
const subjectFor = async ({ entry }: TabledOperation): Promise<Subject> =>
  entry.once ? subjectOf(await prepareShop()) : lasting;

/** Whoever may call an operation: a customer where only customers may. */
function tokenFor({ entry }: TabledOperation, { employee, customer }: Subject): string | undefined {
  const [caller] = kindsOf(entry.callers);
  return { employee, customer, nobody: undefined }[caller];
}

const withJson = operations.filter(({ bodyTypes }) => bodyTypes.includes("application/json"));

describe.each(withJson)("$name", (operation) => {
  const { name, method, entry } = operation;

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
    const headers = { "Content-Type": "application/json" };
    const sendRight = async (alter: (json: string) => BodyInit) => {
      await entry.written?.fresh?.(lasting);
      const body = alter(JSON.stringify(bodyOf(operation, lasting)));
      cases += 1;
      const token = tokenFor(operation, lasting);
      return (await call(method, pathOf(operation, lasting), { token, body, headers })).status;
    };
    const plain = await sendRight((json) => json);
    expect(plain).toBe(entry.answers.ok);
    expect(await sendRight((json) => `\ufeff${json}`)).toBe(plain);
    expect(await sendRight((json) => new Blob([json]).stream())).toBe(plain);
    expect(await sendRight((json) => ` \r\n${json}\t\n`)).toBe(plain);
    if (entry.written === undefined) return;
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

const leadsTo = ({ path }: TabledOperation, pathname: string): boolean =>
  new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(pathname);

const moments: readonly BadWord[] = badMoments.map(({ json, why }) => ({
  raw: encodeURIComponent(JSON.parse(json) as string),
  why,
}));

describe.each(described)("$title", ({ operation, where, parameter, title }) => {
  const { name, method, entry } = operation;
  const { accepts } = fieldAt(name, `${where}:${parameter}`);

  async function ask(subject: Subject, raw: string, more = ""): Promise<Answer> {
    cases += 1;
    const path = pathOf(operation, subject, where === "path" ? { [parameter]: raw } : {});
    const query = rightSearch(operation, subject.shop, where === "query" ? `${parameter}=${raw}${more}` : "");
    return call(method, `${path}${query}`, {
      token: tokenFor(operation, subject),
      ...rightBody(operation, subject.shop),
    });
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
        expect([entry.answers.ok, 400, ...(entry.answers.refusals ?? [])], told).toContain(answer.status);
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

const keyed = operations.filter(({ entry }) => entry.takesKey);

test.each(keyed)("$name: keys of any printable form count, and no others", async (operation) => {
  const { method, entry } = operation;
  const subject = await subjectFor(operation);
  const send = async (key: string) => {
    cases += 1;
    await entry.written?.fresh?.(subject);
    const json = bodyOf(operation, subject);
    const headers = { "Idempotency-Key": key };
    return call(method, pathOf(operation, subject), { token: tokenFor(operation, subject), json, headers });
  };
  const before = await everythingStored(subject.shop.tenant);
  for (const key of ["", "x".repeat(256), "x".repeat(8_000), "caf\u00e9", "a\tb", "\u00ff", "\u0080", "a\u007fb"]) {
    const answer = await send(key);
    expect(answer.status, key).toBe(400);
    expectNamed(answer, "idempotency-key");
  }
  if (entry.written?.adds.includes("lot_usages") !== true || entry.written.fresh === undefined) {
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
    const answer = await call("GET", pathOf(operation, subject), { token: subject.employee, headers });
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
        const url = `https://points.test${pathOf(operation, subject)}${rightSearch(operation, subject.shop)}`;
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
    const { method, entry } = operation;
    if (entry.request?.form !== undefined) return;
    const statusWith = async (query: string) => {
      const subject = await subjectFor(operation);
      await entry.written?.fresh?.(subject);
      const json = entry.request?.json === undefined ? undefined : bodyOf(operation, subject);
      cases += 1;
      const token = tokenFor(operation, subject);
      const search = rightSearch(operation, subject.shop, query);
      return (await call(method, `${pathOf(operation, subject)}${search}`, { token, json })).status;
    };
    expect(await statusWith("__proto__=1&constructor=1&points[]=5&points[x]=5&=&&&")).toBe(await statusWith(""));
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
    for (const [index, { json, why }] of some([...badForAll, ...badMoments], `mixin ${method}`).entries()) {
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
      if (mixinName.accepts(name)) continue;
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
  const prefix = "couponSettings.rewardpoints.";
  const settings = Object.entries(entryOf("POST /site/{tenant}/sites/{siteCode}/mixins").fields ?? {})
    .filter(([field]) => field.startsWith(prefix))
    .map(([field, kind]) => [field.slice(prefix.length), kind] as const);

  test.each(settings)("%s", async (member, { accepts }) => {
    const { shop, employee: token } = await subjectOf(await prepareShop());
    const path = `/site/${shop.tenant}/sites/main/mixins/couponSettings`;
    let before = await everythingStored(shop.tenant);
    for (const { json, why } of some(badForAll, `settings ${member}`)) {
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
          return !isId(value) || (field === "siteCode" && !siteCode.accepts(value));
        case "customer":
          return true;
        case "customer.id":
          return !isId(value);
        default:
          return true;
      }
    };
    for (const field of fields) {
      for (const { json } of some(badForAll, `event ${field}`)) {
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
  test.each(Object.entries(entryOf("POST /oauth/token").fields ?? {}))("%s", async (field, { accepts }) => {
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
      const isRight = accepts(decodeURIComponent(raw));
      expect(answer.status, told).toBe(isRight ? 401 : 400);
      if (!isRight && field !== "grant_type") expectNamed(answer, field);
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

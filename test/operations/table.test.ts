import { beforeAll, describe, expect, test } from "vitest";
import { addClients } from "../support/api-clients.ts";
import { readDocument } from "../support/fuzz/fuzz-document.ts";
import { servedOperations } from "../support/operations.ts";
import { allScopes, type PreparedShop, prepareShop } from "../support/prepared-shop.ts";
import { call } from "../support/shop.ts";
import { customerToken, employeeToken } from "../support/tokens.ts";
import { kindsOf, scopesOf } from "./callers.ts";
import { fieldAt, operationTable, placesOf, rightBody, rightPath, rightSearch, tabledOperations } from "./table.ts";

const document = await readDocument();

/** A shop for operations that find in it what they need however often they are called. */
let lasting: PreparedShop;
let shops = 0;

async function openShop(): Promise<PreparedShop> {
  shops += 1;
  const shop = await prepareShop(`table-${shops}`);
  await addClients([shop.tenant]);
  return shop;
}

beforeAll(async () => {
  lasting = await openShop();
});

describe("the table of operations", () => {
  test("has every operation of the OpenAPI document, and no other", async () => {
    const served = (await servedOperations()).map(({ name }) => name);
    const missing = served.filter((name) => operationTable[name] === undefined);
    expect(missing, "give these an entry in test/operations: CONTRIBUTING says what it needs").toEqual([]);
    const stale = Object.keys(operationTable).filter((name) => !served.includes(name));
    expect(stale, "the OpenAPI document has these no more: take them out of test/operations").toEqual([]);
  });
});

describe.each(await tabledOperations())("the entry of $name", (operation) => {
  const { name, method, path, parameters, bodyTypes, bodyFields, entry } = operation;
  const documented = document.operations.find((other) => other.method === method && other.path === path);

  test("lets those in whom the document lets in", () => {
    const kinds = kindsOf(entry.callers);
    const schemes = [
      ...(kinds.includes("employee") ? ["EmployeeAccessToken", "OAuth2"] : []),
      ...(kinds.includes("customer") ? ["CustomerAccessToken"] : []),
    ];
    const names = new Set(documented?.security.flatMap((scheme) => Object.keys(scheme)));
    names.delete("EventSignature");
    expect([...names].sort()).toEqual(schemes.sort());
    const isScoped = entry.callers in scopesOf;
    // The document names no older names.
    const scopes = isScoped
      ? scopesOf[entry.callers as keyof typeof scopesOf].filter((scope) => !scope.startsWith("saasag."))
      : [];
    const documentedScopes = documented?.security.flatMap(({ OAuth2 = [] }) => OAuth2) ?? [];
    expect([...documentedScopes].sort()).toEqual([...scopes].sort());
  });

  test("answers with the document's statuses", () => {
    const { ok, refusals = [] } = entry.answers;
    const statuses = [ok, ...refusals, 429, 500];
    if (entry.callers !== "open") statuses.push(400, 401, 403, 503);
    if (bodyTypes.length > 0) statuses.push(413, 415);
    if (entry.takesKey) statuses.push(422);
    expect([...(documented?.answers.keys() ?? [])].sort()).toEqual([...new Set(statuses)].sort());
  });

  test("knows every parameter and every field, and none that there is not", () => {
    for (const place of placesOf(operation)) fieldAt(name, place);
    expect(Object.keys(entry.fields ?? {}).sort()).toEqual([...bodyFields].sort());
    const places = parameters.map((parameter) => `${parameter.in}:${parameter.name}`);
    expect(places).toEqual(expect.arrayContaining(Object.keys(entry.parameters ?? {})));
    expect(places.includes("header:idempotency-key")).toBe(entry.takesKey === true);
    const { json, form } = entry.request ?? {};
    expect([json !== undefined, form !== undefined]).toEqual([
      bodyTypes.includes("application/json"),
      bodyTypes.includes("application/x-www-form-urlencoded"),
    ]);
  });

  test("has a request that is right with nothing but what it must have, and with all that it may have", async () => {
    const { query, headers } = entry.request ?? {};
    const ask = async (isFull: boolean) => {
      const shop = entry.once ? await openShop() : lasting;
      const { tenant, customerId } = shop;
      const [caller] = kindsOf(entry.callers);
      const tokens = { employee: employeeToken(tenant, allScopes), customer: customerToken(tenant, customerId) };
      const token = caller === "nobody" ? undefined : await tokens[caller];
      const { headers: contentType, ...body } = rightBody(operation, shop);
      const key = entry.takesKey ? { "Idempotency-Key": crypto.randomUUID() } : {};
      const all = isFull ? new URLSearchParams(query?.(shop, "word")).toString() : "";
      return call(method, `${rightPath(operation, shop)}${rightSearch(operation, shop, all)}`, {
        token,
        ...body,
        headers: { ...contentType, ...(isFull ? { ...headers, ...key } : {}) },
      });
    };
    for (const isFull of [false, true]) {
      const { status, body } = await ask(isFull);
      expect(status, JSON.stringify(body).slice(0, 300)).toBe(entry.answers.ok);
    }
  });
});

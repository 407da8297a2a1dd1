import { Validator } from "@cfworker/json-schema";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { type Call, call, Shop } from "../../support/shop.ts";
import { employeeToken, guestToken, manage } from "../../support/tokens.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The published OpenAPI document of sites, parsed; null where it does not lie beside the project. */
    readonly siteContract: object | null;
  }
}

interface Content {
  readonly schema?: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Content>> }>>;
}

interface ShownSite {
  readonly code: string;
  readonly defaultLanguage?: string;
  readonly metadata: object;
}

const contract = inject("siteContract");
if (contract === null) console.warn("../shared/contract is not there: sites are not compared with their contract.");

/** The contract with its references resolved. */
function dereferenced(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(dereferenced);
  if (typeof node !== "object" || node === null) return node;
  const { $ref } = node as { readonly $ref?: unknown };
  if (typeof $ref === "string") {
    const steps = $ref.slice(2).split("/");
    return dereferenced(steps.reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], contract));
  }
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, dereferenced(value)]));
}

const { paths = {} } = (dereferenced(contract) ?? {}) as { paths?: Record<string, Record<string, Operation>> };
const operations = Object.entries(paths).flatMap(([path, item]) =>
  ["get", "post", "put", "patch", "delete"].flatMap((method) => {
    const operation = item[method];
    return operation === undefined ? [] : [{ path, method: method.toUpperCase(), operation }];
  }),
);
const contentOf = (of: { readonly content?: Readonly<Record<string, Content>> } | undefined): Content =>
  of?.content?.["application/json"] ?? {};

const site = "/site/{tenant}/sites/{siteCode}";
const mixin = `${site}/mixins/{mixinName}`;

describe.skipIf(contract === null)("the contract of sites", () => {
  let shop: Shop;

  const at = (path: string, values: Readonly<Record<string, string>> = {}) =>
    path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? (name === "tenant" ? shop.tenant : "none"));

  /** Sends a request, and expects an answer of the contract's shape. */
  async function ask(method: string, path: string, more: Call, values: Readonly<Record<string, string>> = {}) {
    const answer = await call(method, at(path, values), more);
    const documented = operations.find((one) => one.method === method && one.path === path)?.operation.responses;
    const { schema } = contentOf(documented?.[answer.status]);
    if (schema !== undefined) {
      const { valid, errors } = new Validator(schema as never, "7").validate(answer.body);
      expect(valid, JSON.stringify([answer.body, errors])).toBe(true);
    }
    return answer;
  }

  beforeAll(async () => {
    shop = await Shop.open(null);
    const example = contentOf(paths["/site/{tenant}/sites"]?.["post"]?.requestBody).examples?.["Create site"]?.value;
    const created = await ask("POST", "/site/{tenant}/sites", { token: shop.employee, json: example });
    expect(created).toMatchObject({ status: 201, body: { id: "uk-store" } });
    await shop.manage("POST", at(`${site}/mixins`, { siteCode: "uk-store" }), { testMixin: {} });
  });

  test("has no operation and no status that the OpenAPI document lacks", async () => {
    const { paths: ours } = (await call("GET", "/openapi.json")).body as { paths: typeof paths };
    for (const { path, method, operation } of operations) {
      const own = ours[path]?.[method.toLowerCase()];
      expect(own?.operationId, `${method} ${path}`).toBe(operation.operationId);
      expect(Object.keys(own?.responses ?? {})).toEqual(expect.arrayContaining(Object.keys(operation.responses)));
    }
    expect(operations).toHaveLength(13);
  });

  const examples = operations.flatMap(({ path, method, operation }) =>
    Object.entries(contentOf(operation.requestBody).examples ?? {}).map(
      ([name, { value }]) => [`${method} ${path}: ${name}`, method, path, value as object] as const,
    ),
  );
  const others = examples.filter(([name]) => !name.endsWith("Create site"));

  test.each(others)("has its example accepted: %s", async (_name, method, path, json) => {
    // A site of its own for what is created there.
    const siteCode = method === "POST" ? crypto.randomUUID() : "uk-store";
    const answer = await ask(method, path, { token: shop.employee, json }, { siteCode, mixinName: "testMixin" });
    expect(answer.status, JSON.stringify(answer.body)).toBe(method === "POST" ? 201 : 200);
  });

  const shownSites = operations.flatMap(({ operation }) =>
    Object.entries(contentOf(operation.responses["200"]).examples ?? {}).flatMap(([name, { value }]) =>
      [value as ShownSite].flat().flatMap((one) => (one.defaultLanguage === undefined ? [] : [[name, one] as const])),
    ),
  );

  test.each(shownSites)("shows a site that can be sent back, and comes back as it was: %s", async (_name, shown) => {
    const other = await Shop.open(null);
    const { metadata: _metadata, ...members } = shown;
    expect((await other.manage("POST", `/site/${other.tenant}/sites`, shown)).status).toBe(201);
    const { body } = await other.manage("GET", `/site/${other.tenant}/sites/${shown.code}`);
    expect(body).toMatchObject(members);
  });

  /** What is asked, so that each status is answered that the contract documents, except for 500. */
  const statuses: readonly (readonly [string, string, number, () => Promise<Call> | Call, Record<string, string>?])[] =
    [
      ...operations.flatMap(({ path, method }) => {
        const json = method === "GET" || method === "DELETE" ? {} : { json: {} };
        const values = { siteCode: "uk-store", mixinName: "testMixin" };
        return [
          [method, path, 401, () => json, values] as const,
          [method, path, 403, async () => ({ token: await employeeToken("elsewhere"), ...json }), values] as const,
        ];
      }),
      ["GET", site, 403, async () => ({ token: await guestToken(shop.tenant) }), { siteCode: "hidden" }],
      ["POST", `${site}/mixins`, 403, async () => ({ token: await employeeToken(shop.tenant, manage), json: {} })],
      ...["GET", "PUT", "PATCH", "DELETE"].flatMap((method) => {
        const more = () => ({ token: shop.employee, ...(method.startsWith("P") ? { json: members } : {}) });
        return [
          [method, site, 404, more] as const,
          [method, mixin, 404, more, { siteCode: "uk-store" }] as const,
          [method, site, 400, more, { siteCode: "a%23b" }] as const,
          [method, mixin, 400, more, { siteCode: "uk-store", mixinName: "a%20b" }] as const,
        ];
      }),
      ["GET", "/site/{tenant}/sites?pageSize=0", 400, () => ({ token: shop.employee })],
      ["GET", "/site/{tenant}/siteslist?sort=city", 400, () => ({ token: shop.employee })],
      ["GET", `${site}/mixins`, 400, () => ({ token: shop.employee }), { siteCode: "a%23b" }],
      ["POST", "/site/{tenant}/sites", 400, () => ({ token: shop.employee, json: {} })],
      ["POST", `${site}/mixins`, 400, () => ({ token: shop.employee, json: {} })],
      [
        "POST",
        `${site}/mixins`,
        409,
        () => ({ token: shop.employee, json: { testMixin: {} } }),
        { siteCode: "uk-store" },
      ],
      ...["PUT", "PATCH"].map((method) => {
        const more = () => ({ token: shop.employee, json: { ...members, metadata: { version: 99 } } });
        return [method, site, 409, more, { siteCode: "uk-store" }] as const;
      }),
    ];
  const members = {
    name: "x",
    defaultLanguage: "en",
    languages: ["en"],
    currency: "GBP",
    homeBase: { address: { country: "GB", zipCode: "1" } },
    shipToCountries: [],
  };

  test("has every documented status provoked", async () => {
    await shop.manage("POST", at("/site/{tenant}/sites"), { ...members, code: "hidden", active: false });
    for (const [method, path, status, more, values] of statuses) {
      const answer = await ask(method, path, await more(), values);
      expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBe(status);
    }
    const provoked = new Set(statuses.map(([method, path, status]) => `${method} ${path.split("?")[0]} ${status}`));
    const documented = operations.flatMap(({ path, method, operation }) =>
      Object.keys(operation.responses)
        .filter((status) => /^4/.test(status))
        .map((status) => `${method} ${path} ${status}`),
    );
    expect(documented.filter((name) => !provoked.has(name))).toEqual([]);
  });

  test("has a missing site and a missing scope told in its own words", async () => {
    expect((await ask("GET", site, { token: shop.employee })).body).toMatchObject({
      status: 404,
      message: "Site not Found",
      moreInfo: "",
      details: [{ message: "Couldn't find a site with code 'none'", moreInfo: "" }],
    });
    const { body } = await ask("DELETE", site, { token: await guestToken(shop.tenant) });
    expect(body).toMatchObject({
      type: "Forbidden",
      status: 403,
      message: "User not authorized",
      details: [{ message: "Missing required scopes [site.site_manage]" }],
    });
  });
});

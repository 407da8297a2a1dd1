import { beforeAll, expect, test, vi } from "vitest";
import { customersAt, demoCustomer, demoTenant, redeemOptions, site, siteMixins } from "../../../scripts/seed-data.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { allScopes } from "../../support/prepared-shop.ts";
import { type Answer, call } from "../../support/shop.ts";
import { customerToken, employeeToken } from "../../support/tokens.ts";

// Many requests a test.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

interface Schema {
  readonly $ref?: string;
  readonly example?: unknown;
  readonly default?: unknown;
}
interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly example?: unknown;
  readonly schema: Schema;
}
interface Operation {
  readonly operationId: string;
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

let document: {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};
let employee: string;
let customer: string;

beforeAll(async () => {
  document = (await call("GET", "/openapi.json")).body as typeof document;
  employee = await employeeToken(demoTenant, allScopes);
  customer = await customerToken(demoTenant, demoCustomer);
  const put = (path: string, json: object) => call("POST", path, { token: employee, json });
  await put(`/site/${demoTenant}/sites`, site);
  await put(`/site/${demoTenant}/sites/main/mixins`, siteMixins);
  for (const option of redeemOptions) await put(`/reward-points/${demoTenant}/redeemOptions`, option);
  for (const { customerId, history } of customersAt(Date.now() as EpochMs)) {
    for (const event of history) {
      if (event.kind !== "grant") continue;
      const { id, points } = event;
      await put(`/reward-points/customer/${customerId}/addPoints`, { id, points });
    }
  }
});

const exampleOf = ({ example, schema }: Parameter): unknown => example ?? schema.example ?? schema.default;

/** The ids that come into being only as things are tried out, by the parameter that takes them. */
type Named = Readonly<Partial<Record<"code" | "eventId" | "id", string>>>;

/** The request as the documentation page prefills it. */
async function tryOut(path: string, method: string, operation: Operation, named: Named): Promise<Answer> {
  const { parameters = [], requestBody, security } = operation;
  const prefilled = (parameter: Parameter) => exampleOf(parameter) ?? named[parameter.name as keyof Named];
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = parameters.find((one) => one.in === "path" && one.name === name);
    const value = parameter === undefined ? undefined : prefilled(parameter);
    if (value === undefined) throw new Error(`${method} ${path}: nothing is prefilled for ${name}.`);
    return encodeURIComponent(String(value));
  });
  const given = (place: Parameter["in"]) =>
    parameters
      .filter((one) => one.in === place && exampleOf(one) !== undefined)
      .map((one) => [one.name, String(exampleOf(one))]);
  const [mediaType, content] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const name = content?.schema.$ref?.split("/").at(-1);
  const example = name === undefined ? content?.schema.example : document.components.schemas[name]?.example;
  if (mediaType?.includes("json") === true)
    expect(example, `${method} ${path} has no example of its body`).toBeDefined();
  const isCustomers =
    security.some((scheme) => "CustomerAccessToken" in scheme) && !security.some((scheme) => "OAuth2" in scheme);
  return call(method.toUpperCase(), `${filled}?${new URLSearchParams(given("query"))}`, {
    token: security.length === 0 ? undefined : isCustomers ? customer : employee,
    headers: Object.fromEntries(given("header")),
    ...(example === undefined ? {} : { json: example }),
  });
}

/** In the order of the document, except that what takes something away comes last, inner things first; a coupon is given back before it is used. */
const lateness = (method: string, path: string): number =>
  method === "delete" && !path.includes("/public/") ? 1 + 1 / path.length : 0;

test("every operation takes the document's examples on the demo tenant", async () => {
  const operations = Object.entries(document.paths)
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))
    // Nobody has credentials on the demo tenant before `npm run client` has made some.
    .filter(({ path }) => path !== "/oauth/token" && !path.startsWith("/customerlogin/"))
    .toSorted((left, right) => lateness(left.method, left.path) - lateness(right.method, right.path));
  let named: Named = {};
  const failed: string[] = [];
  for (const { path, method, operation } of operations) {
    if (!path.includes("/public/") && path.includes("{code}") && method === "put" && path.endsWith("{code}")) {
      // The one before was given back.
      named = { ...named, code: await exchanged() };
    }
    const answer = await tryOut(path, method, operation, named);
    if (answer.status >= 300) failed.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    named = { ...named, ...namedBy(answer, path) };
    if (path.endsWith("/events") && method === "post") await processed(named.eventId ?? "");
  }
  expect(failed).toEqual([]);
});

const exchanged = async (): Promise<string> =>
  namedBy(
    await call("POST", "/reward-points/public/customer/redeem", { token: customer, json: { id: "ten-percent" } }),
    "/redeem",
  ).code ?? "";

/** Waits until the event's verdict stands: until then, it is not found. */
const processed = (id: string) =>
  vi.waitFor(
    async () => {
      const path = `/reward-points/${demoTenant}/events/${id}`;
      expect((await call("GET", path, { token: employee })).status).toBe(200);
    },
    { timeout: 30_000, interval: 100 },
  );

/** What an answer names for later requests, as the documentation page takes it. */
function namedBy({ body }: Answer, path: string): Named {
  const answer = [body].flat()[0] as { code?: unknown; id?: unknown } | undefined;
  if (path.startsWith("/site/")) return {};
  const namesCoupon = !path.includes("redemptions") && !path.includes("referral");
  if (typeof answer?.code === "string" && namesCoupon) return { code: answer.code };
  if (typeof answer?.id !== "string") return {};
  if (path.endsWith("/events")) return { eventId: answer.id };
  return path.endsWith("/redemptions") ? { id: answer.id } : {};
}

test("no optional parameter has an example that narrows or spoils the request", () => {
  const harmless = new Set(["siteCode", "x-total-count", "deep"]);
  const given = Object.values(document.paths)
    .flatMap((methods) => Object.values(methods).flatMap(({ parameters = [] }) => parameters))
    .filter((one) => one.required !== true && (one.example ?? one.schema.example) !== undefined);
  expect([...new Set(given.map(({ name }) => name))].filter((name) => !harmless.has(name))).toEqual([]);
});

import { Validator } from "@cfworker/json-schema";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { type Answer, type Call, call, Shop } from "../../support/shop.ts";
import { employeeToken, manage, view } from "../../support/tokens.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The published OpenAPI document, parsed; null where it does not lie beside the project. */
    readonly contract: object | null;
  }
}

interface Operation {
  readonly operationId: string;
  readonly requestBody?: { content: { "application/json": { examples: Record<string, { value: unknown }> } } };
  readonly responses: Record<string, { content?: { "application/json": { schema: object } } }>;
}

/** Method, path, expected status, the rest of the request, and what stands in the path. */
type Case = readonly [string, string, number, () => Call | Promise<Call>, Record<string, string>?];

type Contract = { readonly paths: Record<string, Record<string, Operation>> };

const contract = inject("contract");
if (contract === null) console.warn("../shared/contract is not there: answers are not compared with the contract.");

const methods = ["get", "post", "put", "delete"] as const;
const document = contract === null ? null : (dereferenced(contract) as Contract);
const operations = Object.entries(document?.paths ?? {}).flatMap(([path, item]) =>
  methods.flatMap((method) => {
    const operation = item[method];
    return operation === undefined ? [] : [{ path, method: method.toUpperCase(), operation }];
  }),
);

/** The contract with its references resolved, and OpenAPI 3.0's `nullable` as JSON Schema has it. */
function dereferenced(root: object): unknown {
  const visit = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(visit);
    if (typeof node !== "object" || node === null) return node;
    const { $ref, nullable, example: _example, ...rest } = node as Record<string, unknown>;
    if (typeof $ref === "string") {
      return visit(
        $ref
          .slice(2)
          .split("/")
          .reduce((at: unknown, key) => (at as Record<string, unknown>)[key], root),
      );
    }
    const members = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, visit(value)]));
    return nullable === true ? { ...members, type: [members["type"], "null"] } : members;
  };
  return visit(root);
}

function operationOf(method: string, path: string): Operation {
  const found = operations.find((candidate) => candidate.method === method && candidate.path === path);
  if (found === undefined) throw new Error(`The contract has no ${method} ${path}.`);
  return found.operation;
}

function expectToFit(answer: Answer, { responses, operationId }: Operation): void {
  const response = responses[answer.status];
  // The contract leaves 401 out where it is the gateway's to answer.
  if (response === undefined)
    expect.fail(`${operationId} documents no ${answer.status}: ${JSON.stringify(answer.body)}`);
  const schema = response.content?.["application/json"].schema;
  if (schema === undefined) return;
  expect(answer.headers.get("Content-Type")).toMatch(/^application\/json/);
  const { valid, errors } = new Validator(schema as never, "7").validate(answer.body);
  expect(valid, JSON.stringify(errors)).toBe(true);
}

const fill = (path: string, values: Readonly<Record<string, string>>) =>
  path.replaceAll(/\{(\w+)\}/g, (_match, name: string) => values[name] ?? name);

describe.skipIf(document === null)("the contract", () => {
  let shop: Shop;
  let optionId: string;
  let viewer: string;

  beforeAll(async () => {
    shop = await Shop.open({ enabled: true, codePrefix: "LLS" });
    optionId = await shop.addOption(90);
    viewer = await employeeToken(shop.tenant, view);
    await shop.addPoints("known", { points: 500, "reference-id": "EON2076", description: "x" });
    await shop.manage("POST", "/reward-points/customer/known/redeemPoints", { points: 30 });
  });

  test("names every operation as the OpenAPI document does, and every status", async () => {
    const { paths } = (await call("GET", "/openapi.json")).body as Contract;
    for (const { path, method, operation } of operations) {
      const ours = paths[path]?.[method.toLowerCase()];
      expect(ours?.operationId, `${method} ${path}`).toBe(operation.operationId);
      expect(Object.keys(ours?.responses ?? {})).toEqual(expect.arrayContaining(Object.keys(operation.responses)));
    }
    expect(operations).toHaveLength(14);
  });

  const examples = operations.flatMap(({ path, method, operation }) =>
    Object.entries(operation.requestBody?.content["application/json"].examples ?? {}).map(
      ([name, { value }]) => [`${method} ${path}: ${name}`, method, path, value] as const,
    ),
  );

  test.each(examples)("has its example accepted: %s", async (_name, method, path, value) => {
    const example = value as { customerId?: string; id?: string };
    const customerId = example.customerId ?? "example";
    const isRedeem = path.endsWith("/redeem");
    // The example's option has to exist, and the customer needs points, for the request to be more than well-formed.
    const redeemOptionId = isRedeem ? (example.id ?? "") : optionId;
    if (isRedeem) await shop.addOption(1, { id: redeemOptionId });
    if (path.includes("redeem")) await shop.addPoints(customerId, 1_000);
    const json = method === "PUT" ? { ...example, metadata: { version: 1 } } : example;
    const token = isRedeem ? await shop.customerToken(customerId) : shop.employee;
    const answer = await call(method, fill(path, { tenant: shop.tenant, customerId, redeemOptionId }), { token, json });
    expect([200, 201]).toContain(answer.status);
    expectToFit(answer, operationOf(method, path));
  });

  /** What each operation is asked, so that it answers with each status that the contract documents. */
  const cases: readonly Case[] = [
    ["GET", "/reward-points/summaryBatch", 200, () => ({ token: viewer })],
    ["GET", "/reward-points/summaryBatch", 401, () => ({})],
    ["GET", "/reward-points/summaryBatch", 403, async () => ({ token: await employeeToken(shop.tenant, manage) })],
    ["GET", "/reward-points/customer/{customerId}", 200, () => ({ token: viewer })],
    ["GET", "/reward-points/customer/{customerId}", 400, () => ({ token: viewer }), { customerId: "%00" }],
    ["GET", "/reward-points/customer/{customerId}", 403, async () => ({ token: await shop.customerToken("known") })],
    ["POST", "/reward-points/customer/{customerId}", 400, () => ({ token: shop.employee, json: { customerId: "x" } })],
    ["POST", "/reward-points/customer/{customerId}", 401, () => ({ json: {} })],
    ["POST", "/reward-points/customer/{customerId}", 403, () => ({ token: viewer, json: {} })],
    ["POST", "/reward-points/customer/{customerId}", 409, () => ({ token: shop.employee, json: {} })],
    ["DELETE", "/reward-points/customer/{customerId}", 200, () => ({ token: shop.employee }), { customerId: "gone" }],
    ["DELETE", "/reward-points/customer/{customerId}", 401, () => ({})],
    ["DELETE", "/reward-points/customer/{customerId}", 403, () => ({ token: viewer })],
    ["GET", "/reward-points/customer/{customerId}/summary", 200, () => ({ token: viewer })],
    ["GET", "/reward-points/customer/{customerId}/summary", 401, () => ({ token: "x" })],
    ["GET", "/reward-points/customer/{customerId}/summary", 404, () => ({ token: viewer }), { customerId: "nobody" }],
    ["POST", "/reward-points/customer/{customerId}/addPoints", 400, () => ({ token: shop.employee, json: {} })],
    ["POST", "/reward-points/customer/{customerId}/addPoints", 403, () => ({ token: viewer, json: { points: 1 } })],
    [
      "POST",
      "/reward-points/customer/{customerId}/redeemPoints",
      400,
      () => ({ token: shop.employee, json: { points: 99_999 } }),
    ],
    ["POST", "/reward-points/customer/{customerId}/redeemPoints", 401, () => ({ json: { points: 1 } })],
    ["GET", "/reward-points/public/customer", 200, async () => ({ token: await shop.customerToken("known") })],
    ["GET", "/reward-points/public/customer", 401, () => ({})],
    ["GET", "/reward-points/public/customer", 403, () => ({ token: viewer })],
    ["GET", "/reward-points/public/customer/summary", 200, async () => ({ token: await shop.customerToken("known") })],
    ["GET", "/reward-points/public/customer/summary", 403, () => ({ token: viewer })],
    [
      "POST",
      "/reward-points/public/customer/redeem",
      404,
      async () => ({ token: await shop.customerToken("known"), json: { id: "nothing" } }),
    ],
    [
      "POST",
      "/reward-points/public/customer/redeem",
      400,
      async () => ({ token: await shop.customerToken("poor"), json: { id: optionId } }),
    ],
    ["POST", "/reward-points/public/customer/redeem", 403, () => ({ token: viewer, json: { id: optionId } })],
    ["GET", "/reward-points/{tenant}/redeemOptions", 200, () => ({ token: viewer })],
    ["GET", "/reward-points/{tenant}/redeemOptions", 401, () => ({})],
    ["GET", "/reward-points/{tenant}/redeemOptions", 403, () => ({ token: viewer }), { tenant: "elsewhere" }],
    ["POST", "/reward-points/{tenant}/redeemOptions", 400, () => ({ token: shop.employee, json: {} })],
    ["POST", "/reward-points/{tenant}/redeemOptions", 403, () => ({ token: viewer, json: {} })],
    ["DELETE", "/reward-points/{tenant}/redeemOptions/{redeemOptionId}", 204, () => ({ token: shop.employee })],
    ["DELETE", "/reward-points/{tenant}/redeemOptions/{redeemOptionId}", 403, () => ({ token: viewer })],
    ["PUT", "/reward-points/{tenant}/redeemOptions/{redeemOptionId}", 400, () => ({ token: shop.employee, json: {} })],
  ];

  const named = cases.map(([method, path, status, make, values = {}]) => ({ method, path, status, make, values }));
  test.each(named)(
    "$method $path: $status has the contract's shape",
    async ({ method, path, status, make, values }) => {
      const filled = fill(path, { tenant: shop.tenant, customerId: "known", redeemOptionId: "none", ...values });
      const answer = await call(method, filled, await make());
      expect(answer.status).toBe(status);
      expectToFit(answer, operationOf(method, path));
    },
  );

  test("gives a conflict of versions the shape of its own", async () => {
    const id = await shop.addOption(10);
    const json = { type: "coupon", name: "x", points: 1, metadata: { version: 7 } };
    const answer = await call("PUT", `/reward-points/${shop.tenant}/redeemOptions/${id}`, {
      token: shop.employee,
      json,
    });
    expect(answer.body).toEqual({
      status: 409,
      code: "option_version_conflict",
      message: "RedeemOption not Updated",
      details: {
        message: `The resource that was requested for update with id = ${id} has changed. Please retry your request with valid version`,
      },
    });
  });
});

import { beforeAll, describe, expect, test, vi } from "vitest";
import { createApp } from "../../../src/app.ts";
import { presentations } from "../../../src/platform/http/presentation.ts";
import type { Services } from "../../../src/platform/http/services.ts";
import { StoreUnavailable } from "../../../src/platform/runtime/store-errors.ts";
import { systemClock } from "../../../src/platform/runtime/system-clock.ts";
import { type ApiDocument, type Operation, readDocument } from "../../support/fuzz/fuzz-document.ts";
import { filledPath } from "../../support/operations.ts";
import { allScopes } from "../../support/prepared-shop.ts";
import { type Answer, answerOf, type Call, call, requestOf } from "../../support/shop.ts";
import { customerToken, employeeToken } from "../../support/tokens.ts";

// Many requests a test.
vi.setConfig({ testTimeout: 120_000 });

const tenant = "codes";
const pathOf = ({ path }: Operation): string =>
  filledPath(path, {
    tenant,
    customerNumber: "C1",
    customerId: "C1",
    code: "RP-0G7R3MWX9C2K",
    couponCode: "RP-0G7R3MWX9C2K",
    exchangeId: "019a2b5e-7c1d-7a40-9d0c-2f6f8f1f4b11",
    redeemOptionId: "o1",
    id: "r1",
    eventId: "0193a9f2-7c41-7d35-9b1e-5a0c6f2e8d11",
    siteCode: "main",
    mixinName: "couponSettings",
  });

let document: ApiDocument;
let tokens: { readonly employee: string; readonly customer: string };

beforeAll(async () => {
  document = await readDocument();
  tokens = { employee: await employeeToken(tenant, allScopes), customer: await customerToken(tenant, "C1") };
});

const needsToken = ({ security }: Operation): boolean => security.length > 0;
const tokenFor = ({ security }: Operation): string =>
  security.every((scheme) => "CustomerAccessToken" in scheme) ? tokens.customer : tokens.employee;

const codeOf = (body: unknown): unknown => {
  const { code, errorCode } = body as { code?: unknown; errorCode?: unknown };
  return typeof code === "string" ? code : errorCode;
};

/** The answer's code, once body, status and code are found to be documented for the operation. */
function documentedCode({ id, answers }: Operation, { status, body }: Answer): string {
  const shape = answers.get(status)?.content.get("application/json");
  expect(shape, `${id} ${status}`).toBeDefined();
  expect(shape?.flaw(body), `${id} ${status} ${JSON.stringify(body)}`).toBeNull();
  const code = codeOf(body);
  expect(Object.keys(presentations), `${id} ${status}`).toContain(code);
  return String(code);
}

/** Every operation's answer to what `callOf` makes of it; null: it is not asked. */
async function codesOf(callOf: (operation: Operation) => Call | null): Promise<ReadonlySet<string>> {
  const codes = new Set<string>();
  for (const operation of document.operations) {
    const asked = callOf(operation);
    if (asked === null) continue;
    const answer = await call(operation.method, pathOf(operation), asked);
    codes.add(documentedCode(operation, answer));
  }
  return codes;
}

test("the document lists the codes of each status, and takes no other", async () => {
  const { body } = await call("GET", "/openapi.json");
  const { paths } = body as {
    paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, Content> }> }>>;
  };
  interface Content {
    readonly examples?: Record<string, { readonly value: object }>;
  }
  let listed = 0;
  for (const operation of document.operations) {
    for (const [status, { content }] of operation.answers) {
      const shape = content.get("application/json");
      if (status < 400 || shape === undefined || (operation.path === "/health" && status === 503)) continue;
      const { responses } = paths[operation.path]?.[operation.method.toLowerCase()] ?? { responses: {} };
      const examples = Object.entries(responses[status]?.content?.["application/json"]?.examples ?? {});
      expect(examples.length, `${operation.id} ${status}`).toBeGreaterThan(0);
      for (const [code, { value }] of examples) {
        listed += 1;
        const member = "errorCode" in value ? "errorCode" : "code";
        expect(codeOf(value)).toBe(code);
        expect(shape.flaw(value), `${operation.id} ${status} ${code}`).toBeNull();
        expect(shape.accepts({ ...value, [member]: "made_up" }), `${operation.id} ${status}`).toBe(false);
        const { [member]: _code, ...without } = value as Record<string, unknown>;
        expect(shape.accepts(without), `${operation.id} ${status}`).toBe(false);
      }
    }
  }
  expect(listed).toBeGreaterThan(document.operations.length * 5);
});

describe("the body of every operation's error has a documented code", () => {
  test("without a token, and with somebody else's", async () => {
    expect(await codesOf((operation) => (needsToken(operation) ? {} : null))).toEqual(new Set(["invalid_token"]));
    const stranger = await customerToken("elsewhere", "C2");
    const codes = await codesOf((operation) =>
      // Of those without a tenant in the path, the customer's own have nothing against another tenant's customer.
      tokenFor(operation) === tokens.employee && needsToken(operation) && !operation.path.startsWith("/coupon/")
        ? { token: stranger }
        : null,
    );
    expect(codes).toEqual(new Set(["missing_scope", "tenant_mismatch"]));
  });

  test.each<[string, Call, string]>([
    ["of another media type", { body: "x", headers: { "Content-Type": "text/plain" } }, "unsupported_media_type"],
    ["that is too large", { body: "x".repeat(1_100_000) }, "payload_too_large"],
    ["that is no JSON", { body: "{", headers: { "Content-Type": "application/json" } }, "malformed_body"],
    [
      "that is not UTF-8",
      { body: new Uint8Array([0xff]), headers: { "Content-Type": "application/json" } },
      "validation_failed",
    ],
    ["that is a list", { json: [] }, "validation_failed"],
  ])("to a body %s", async (_what, asked, code) => {
    const withBody = ({ body, path }: Operation) => body !== null && path !== "/oauth/token";
    const codes = await codesOf((operation) => (withBody(operation) ? { ...asked, token: tokenFor(operation) } : null));
    expect(codes).toEqual(new Set([code]));
  });

  test("to a query that is no text", async () => {
    for (const operation of document.operations.filter(needsToken)) {
      const answer = await call(operation.method, `${pathOf(operation)}?x=%ff`, { token: tokenFor(operation) });
      expect(documentedCode(operation, answer)).toBe("validation_failed");
    }
  });

  test.each<[string, () => Promise<number | null>, string, number]>([
    ["too many requests", async () => 7, "rate_limited", 429],
    ["a defect", () => Promise.reject(new Error("defect")), "internal", 500],
    ["storage that is down", () => Promise.reject(new StoreUnavailable("down")), "unavailable", 503],
  ])("to %s", async (_what, count, code, status) => {
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const app = createApp({ log, clock: systemClock, rateLimiter: { count } } as unknown as Services, {
      corsOrigins: [],
    });
    for (const operation of document.operations) {
      // What needs no token asks nothing of storage first.
      if (status === 503 && !needsToken(operation)) continue;
      const request = requestOf(operation.method, pathOf(operation), { headers: { "CF-Connecting-IP": "192.0.2.1" } });
      const answer = await answerOf(await app.fetch(request));
      expect([answer.status, documentedCode(operation, answer)]).toEqual([status, code]);
    }
  });
});

test("a request that no operation takes is told a code, in the shapes of the path's contract", async () => {
  const components = { "/reward-points/x/y/z": "NotFound", "/coupon/x": "ErrorMessage", "/oauth/x": "OAuthError" };
  for (const [path, name] of Object.entries(components)) {
    const answer = await call("GET", path);
    expect(answer).toMatchObject({ status: 404, body: { code: "route_not_found" } });
    expect(document.component(name).flaw(answer.body), path).toBeNull();
  }
  for (const operation of document.operations) {
    const answer = await call("COPY", pathOf(operation));
    expect(answer, operation.id).toMatchObject({ status: 405, body: { code: "method_not_allowed" } });
  }
});

test("a coupon code or a mixin that is not there is told a code", async () => {
  const found = ["/coupon/{tenant}/coupons/{code}", "/site/{tenant}/sites/{siteCode}/mixins/{mixinName}"].map(
    (path) => {
      const operation = document.operations.find((one) => one.method === "GET" && one.path === path);
      if (operation === undefined) throw new Error(`There is no GET ${path}.`);
      return operation;
    },
  );
  for (const operation of found) {
    const answer = await call("GET", pathOf(operation), { token: tokens.employee });
    expect(answer.status).toBe(404);
    expect(documentedCode(operation, answer)).toMatch(/^(coupon|mixin)_not_found$/);
  }
});

import { exports } from "cloudflare:workers";
import { exportJWK, exportSPKI, generateKeyPair, importJWK } from "jose";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Callers, scopesOf } from "../../operations/callers.ts";
import { rightBody, rightPath, rightSearch, type TabledOperation, tabledOperations } from "../../operations/table.ts";
import { addClients } from "../../support/api-clients.ts";
import { everythingStored, type Stored } from "../../support/everything-stored.ts";
import { allScopes, type PreparedShop, prepareShop } from "../../support/prepared-shop.ts";
import { call } from "../../support/shop.ts";
import {
  customerToken,
  employeeToken,
  guestToken,
  partsOf,
  publicJwk,
  signAsGiven,
  signToken,
  withClaims,
  withHeader,
} from "../../support/tokens.ts";
import { report } from "../../support/verification.ts";

// Many requests a test: on a busy machine they take longer than tests usually may.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** What a kind of token gets. The statuses of the last three stand in the operation's entry in test/operations. */
type Expected =
  | "401"
  | "403 for its tenant"
  | "403 for its scopes"
  | "403 for not being a customer's"
  | "let in"
  | "elsewhere"
  | "another customer";

/** How a request carries what it carries. */
interface Carried {
  readonly headers: readonly (readonly [string, string])[];
  readonly query?: string;
}

interface Kind {
  readonly carries: (owner: Owner) => Promise<Carried | string> | Carried | string;
  readonly expected: (operation: {
    readonly callers: Exclude<Callers, "open">;
    readonly inTenant: boolean;
  }) => Expected;
}

/**
 * One check of tokens serves all operations, so that these two meet every kind of token, and the others the kinds that
 * they may answer differently.
 */
const withEveryKind: ReadonlySet<string> = new Set([
  "POST /reward-points/customer/{customerId}/addPoints",
  "POST /reward-points/public/customer/redeem",
]);
/** Kinds that every operation meets, at least. */
const kindsEverywhereMin = 16;

/** Whose token it would be if nothing were wrong with it. */
interface Owner {
  readonly tenant: string;
  readonly customerId: string;
  /** Of a token that the operation accepts. */
  readonly claims: Readonly<Record<string, string>>;
}

const bearer = (token: string): Carried => ({ headers: [["Authorization", `Bearer ${token}`]] });

/** 401 everywhere. */
const worthless = (carries: Kind["carries"]): Kind => ({ carries, expected: () => "401" });
/** As good as a token with nothing wrong. */
const good = (carries: Kind["carries"]): Kind => ({ carries, expected: () => "let in" });
const forged = (make: (owner: Owner) => Parameters<typeof signToken>[0]): Kind =>
  worthless((owner) => signToken({ ...make(owner), claims: { ...owner.claims, ...make(owner).claims } }));

const strangersKeys = await generateKeyPair("ES256", { extractable: true });
const strangersRsaKeys = await generateKeyPair("RS256");
const strangersJwk = { ...(await exportJWK(strangersKeys.publicKey)), alg: "ES256", kid: "test" };
const publicKeyText = await exportSPKI((await importJWK(publicJwk())) as CryptoKey);
const secretOf = (text: string) => new TextEncoder().encode(text);
/** The claims of a right token, as text. */
const rightClaims = ({ claims }: Owner): string =>
  JSON.stringify({ iss: "https://issuer.test", aud: "reward-points-test", exp: 9_999_999_999, sub: "test", ...claims });
const rightToken = ({ claims }: Owner) => signToken({ claims });

/** Employees of the tenant with `scopes` alone. */
const employeeWith = (...scopes: readonly string[]): Kind => ({
  carries: ({ tenant }) => employeeToken(tenant, scopes.join(" ")),
  expected: ({ callers }) => {
    if (callers === "anyone") return "let in";
    if (callers === "customers") return "403 for not being a customer's";
    return scopesOf[callers].some((scope) => scopes.includes(scope)) ? "let in" : "403 for its scopes";
  },
});

const forCustomers = (whenLetIn: Expected): Kind["expected"] => {
  return ({ callers }) => {
    if (callers === "anyone") return "let in";
    const isFor =
      callers === "customers" || callers === "couponReaders" || callers === "couponUsers" || callers === "referrers";
    return isFor ? whenLetIn : "403 for its scopes";
  };
};

/** What is worth the same at every operation, whoever may call it. */
const kindsOfTwo: Readonly<Record<string, Kind>> = {
  "an empty Authorization header": worthless(() => ({ headers: [["Authorization", ""]] })),
  "a scheme without a token": worthless(() => ({ headers: [["Authorization", "Bearer "]] })),
  "two dots": worthless(() => ".."),
  "a right token without a scheme": worthless(async (owner) => ({
    headers: [["Authorization", await rightToken(owner)]],
  })),
  "a right token under the scheme Basic": worthless(async (owner) => ({
    headers: [["Authorization", `Basic ${btoa(`x:${await rightToken(owner)}`)}`]],
  })),
  "a right token in the query": worthless(async (owner) => ({
    headers: [],
    query: `access_token=${await rightToken(owner)}&token=${await rightToken(owner)}`,
  })),
  "a right token in a cookie": worthless(async (owner) => ({
    headers: [["Cookie", `access_token=${await rightToken(owner)}`]],
  })),
  "a right token in another header": worthless(async (owner) => ({
    headers: [
      ["X-Access-Token", await rightToken(owner)],
      ["Proxy-Authorization", `Bearer ${await rightToken(owner)}`],
    ],
  })),
  "two right tokens": worthless(async (owner) => ({
    headers: [
      ["Authorization", `Bearer ${await rightToken(owner)}`],
      ["Authorization", `Bearer ${await rightToken(owner)}`],
    ],
  })),
  "a right token and garbage in one header": worthless(async (owner) => bearer(`${await rightToken(owner)} garbage`)),
  "alg none": worthless(async (owner) => withHeader(await rightToken(owner), { alg: "none", typ: "at+jwt" }, "")),
  "alg nOnE, with the known kid": worthless(async (owner) =>
    withHeader(await rightToken(owner), { alg: "nOnE", kid: "test", typ: "at+jwt" }, ""),
  ),
  "alg none, with a signature left on": worthless(async (owner) => {
    const token = await rightToken(owner);
    return withHeader(token, { alg: "none", kid: "test", typ: "at+jwt" }, partsOf(token)[2]);
  }),
  "HS256 with the public key's PEM text as the secret": forged(() => ({
    header: { alg: "HS256" },
    key: secretOf(publicKeyText),
  })),
  "HS256 with the public key's JWK text as the secret": forged(() => ({
    header: { alg: "HS256" },
    key: secretOf(JSON.stringify(publicJwk())),
  })),
  "HS256 with an empty kid and a secret of zeros": forged(() => ({
    header: { alg: "HS256", kid: "" },
    key: new Uint8Array(32),
  })),
  "RS256 under the kid of an ES256 key": forged(() => ({ header: { alg: "RS256" }, key: strangersRsaKeys.privateKey })),
  "a right signature under another algorithm's name": worthless(async (owner) => {
    const token = await rightToken(owner);
    return withHeader(token, { alg: "RS256", kid: "test", typ: "at+jwt" }, partsOf(token)[2]);
  }),
  "a key of its own in the header jwk": forged(() => ({
    header: { jwk: strangersJwk },
    key: strangersKeys.privateKey,
  })),
  "a key of its own in the header jwk, and no kid": forged(() => ({
    header: { jwk: strangersJwk, kid: undefined },
    key: strangersKeys.privateKey,
  })),
  "the address of a key set in the header jku": forged(() => ({
    header: { jku: "https://stranger.test/.well-known/jwks.json", kid: "stranger" },
    key: strangersKeys.privateKey,
  })),
  "the address of a certificate in the header x5u": forged(() => ({
    header: { x5u: "https://stranger.test/certificate.pem" },
    key: strangersKeys.privateKey,
  })),
  "a certificate in the header x5c": forged(() => ({
    header: { x5c: ["MIIB"] },
    key: strangersKeys.privateKey,
  })),
  "an unknown kid": forged(() => ({ header: { kid: "unknown" }, key: strangersKeys.privateKey })),
  "a kid that is a path": forged(() => ({
    header: { alg: "HS256", kid: "../../dev/null" },
    key: new Uint8Array(32),
  })),
  "the form of a right token, signed like the ones below": good((owner) => signAsGiven({}, rightClaims(owner))),
  "a critical header that nobody knows": worthless((owner) =>
    signAsGiven({ crit: ["exp2"], exp2: 1 }, rightClaims(owner)),
  ),
  "an empty list of critical headers": worthless((owner) => signAsGiven({ crit: [] }, rightClaims(owner))),
  "claims that are said not to be encoded": worthless((owner) =>
    signAsGiven({ crit: ["b64"], b64: false }, rightClaims(owner)),
  ),
  "a kid that is a list": worthless((owner) => signAsGiven({ kid: ["test"] }, rightClaims(owner))),
  "a kid of many characters": worthless((owner) => signAsGiven({ kid: "x".repeat(8_000) }, rightClaims(owner))),
  "an algorithm that is a list": worthless((owner) => signAsGiven({ alg: ["ES256"] }, rightClaims(owner))),
  "claims in a list": worthless((owner) => signAsGiven({}, `[${rightClaims(owner)}]`)),
  "claims that are null": worthless(() => signAsGiven({}, "null")),
  "claims that are no JSON": worthless((owner) => signAsGiven({}, rightClaims(owner).slice(0, -1))),
  "claims that all objects would have": worthless((owner) =>
    signAsGiven({}, `{"__proto__":${rightClaims(owner)},"exp":9999999999}`),
  ),
  "an expiry that is a list": forged(() => ({ claims: { exp: [9_999_999_999] as unknown as number } })),
  "an audience in a list in a list": forged(() => ({
    claims: { aud: [["reward-points-test"]] as unknown as string[] },
  })),
  "an issuer that is a list": forged(() => ({ claims: { iss: ["https://issuer.test"] as unknown as string } })),
  "a tenant in other case": forged(({ tenant }) => ({ claims: { tenant: tenant.toUpperCase() } })),
  "scopes in a list in a list": forged(() => ({ claims: { scope: [[allScopes]] } })),
  "claims changed after it was signed": worthless(async (owner) => {
    const now = Math.floor(Date.now() / 1000);
    const standard = { iss: "https://issuer.test", aud: "reward-points-test", exp: now + 600 };
    return withClaims(await signToken({ claims: { tenant: "nobody" } }), { ...standard, ...owner.claims });
  }),
  "a signature cut off": worthless(async (owner) => (await rightToken(owner)).slice(0, -4)),
  "no signature": worthless(async (owner) => {
    const [header, payload] = partsOf(await rightToken(owner));
    return `${header}.${payload}.`;
  }),
  "a signature of zeros": worthless(async (owner) => {
    const [header, payload] = partsOf(await rightToken(owner));
    return `${header}.${payload}.${"A".repeat(86)}`;
  }),
  "a fourth part": worthless(async (owner) => `${await rightToken(owner)}.e30`),
  "an encrypted token's form": worthless(async (owner) => `${await rightToken(owner)}.e30.e30`),
  "the JSON form of a token": worthless(async (owner) => {
    const [header, payload, signature] = partsOf(await rightToken(owner));
    return JSON.stringify({ protected: header, payload, signature });
  }),
  "a token longer than any": forged(() => ({ claims: { padding: "x".repeat(20_000) } })),
  "another issuer": forged(() => ({ claims: { iss: "https://elsewhere.test" } })),
  "an issuer that begins like the right one": forged(() => ({ claims: { iss: "https://issuer.test.elsewhere.test" } })),
  "no issuer": forged(() => ({ without: ["iss"] })),
  "another audience": forged(() => ({ claims: { aud: "elsewhere" } })),
  "no audience": forged(() => ({ without: ["aud"] })),
  "another typ": forged(() => ({ header: { typ: "JWT" } })),
  "the typ of an id token": forged(() => ({ header: { typ: "id+jwt" } })),
  "no typ": forged(() => ({ header: { typ: undefined } })),
  "no expiry": forged(() => ({ without: ["exp"] })),
  "an expiry that is text": forged(() => ({ claims: { exp: "9999999999" as unknown as number } })),
  "not yet valid": forged(() => ({ claims: { nbf: 9_999_999_999 } })),
  "no tenant": forged(() => ({ without: ["tenant"] })),
  "two tenants": forged(({ tenant }) => ({ claims: { scope: `tenant=${tenant}x ${allScopes}` } })),
  "a tenant that is a list": forged(({ tenant }) => ({ claims: { tenant: [tenant] } })),
  "a tenant that cannot be one": forged(() => ({ claims: { tenant: "customer" } })),
  "scopes that are an object": forged(() => ({ claims: { scope: { "rewardspoints.rewardpoints_manage": true } } })),
  "a customer that is an object": forged(({ customerId }) => ({ claims: { customer_id: { id: customerId } } })),
  "an empty customer": forged(() => ({ claims: { customer_id: "" } })),
  "a right token under a scheme in lower case": good(async (owner) => ({
    headers: [["Authorization", `bearer ${await rightToken(owner)}`]],
  })),
  "a right token in the query beside the right one in its header": good(async (owner) => ({
    ...bearer(await rightToken(owner)),
    query: "access_token=garbage",
  })),
  "the audience as one of several": good(({ claims }) =>
    signToken({ claims: { ...claims, aud: ["elsewhere", "reward-points-test"] } }),
  ),

  "an employee with scopes in upper case": employeeWith(allScopes.toUpperCase()),
  "an employee with scopes that only begin like the right ones": employeeWith(
    ...allScopes.split(" ").map((s) => `${s}d`),
  ),
  "an employee with one scope of commas": employeeWith(allScopes.replaceAll(" ", ",")),
  "an employee with scopes named like members of objects": employeeWith("constructor", "__proto__", "*"),
};

/** What an operation answers by who may call it and by its tenant, and one of each that is worth nothing anywhere. */
const kindsEverywhere: Readonly<Record<string, Kind>> = {
  "no Authorization header": worthless(() => ({ headers: [] })),
  "text that is no token": worthless(() => "garbage"),
  "another key under the known kid": forged(() => ({ key: strangersKeys.privateKey })),
  expired: forged(() => ({ claims: { exp: 1_700_000_000 } })),
  "a right token": good(rightToken),

  "an employee who may only read points": employeeWith("rewardspoints.rewardpoints_view"),
  "an employee who may only manage points": employeeWith("rewardspoints.rewardpoints_manage"),
  "an employee with the older name of reading": employeeWith("saasag.rewardpoints_view"),
  "an employee with the older name of managing": employeeWith("saasag.rewardpoints_manage"),
  "an employee who may only read coupons": employeeWith("coupon.coupon_read"),
  "an employee who may only manage coupons": employeeWith("coupon.coupon_manage"),
  "an employee who may only redeem coupons": employeeWith("coupon.coupon_redeem"),
  "an employee who may only redeem coupons for others": employeeWith("coupon.coupon_redeem_on_behalf"),
  "an employee who may only manage sites": employeeWith("site.site_manage"),
  "an employee of another service": employeeWith("order.order_manage", "cart.cart_manage", "schema.schema_read"),

  "the customer": {
    carries: ({ tenant, customerId }) => customerToken(tenant, customerId),
    expected: forCustomers("let in"),
  },
  "the customer, with every scope": {
    carries: ({ tenant, customerId }) =>
      signToken({ claims: { tenant, customer_id: customerId, scope: allScopes, client_id: "backoffice" } }),
    expected: forCustomers("let in"),
  },
  "another customer": {
    carries: ({ tenant, customerId }) => customerToken(tenant, `${customerId}0`),
    expected: forCustomers("another customer"),
  },
  "a customer whose id differs in case": {
    carries: ({ tenant, customerId }) => customerToken(tenant, customerId.toUpperCase()),
    expected: forCustomers("another customer"),
  },
  "a guest": {
    carries: ({ tenant }) => guestToken(tenant),
    expected: ({ callers }) =>
      callers === "customers"
        ? "403 for not being a customer's"
        : callers === "anyone"
          ? "let in"
          : "403 for its scopes",
  },
  "another tenant's employee": {
    carries: ({ tenant }) => employeeToken(`${tenant}-x`, allScopes),
    expected: ({ callers, inTenant }) => {
      if (inTenant) return "403 for its tenant";
      return callers === "customers" ? "403 for not being a customer's" : "elsewhere";
    },
  },
  "another tenant's employee, by scope": {
    carries: ({ tenant }) => signToken({ claims: { scope: `tenant=${tenant}-y ${allScopes}` } }),
    expected: ({ callers, inTenant }) => {
      if (inTenant) return "403 for its tenant";
      return callers === "customers" ? "403 for not being a customer's" : "elsewhere";
    },
  },
  "another tenant's customer of the same id": {
    carries: ({ tenant, customerId }) => customerToken(`${tenant}-x`, customerId),
    expected: ({ callers, inTenant }) => {
      if (inTenant) return "403 for its tenant";
      return callers === "customers" ? "elsewhere" : "403 for its scopes";
    },
  },
  "another tenant's guest": {
    carries: ({ tenant }) => guestToken(`${tenant}-x`),
    expected: ({ callers, inTenant }) => {
      if (inTenant) return "403 for its tenant";
      return callers === "customers" ? "403 for not being a customer's" : "403 for its scopes";
    },
  },
};

const kinds = { ...kindsOfTwo, ...kindsEverywhere };
const kindsFor = ({ name }: TabledOperation) => Object.entries(withEveryKind.has(name) ? kinds : kindsEverywhere);

const operations = await tabledOperations();
const invalidToken = {
  fault: { faultstring: "Invalid access token", detail: { errorcode: "oauth.v2.InvalidAccessToken" } },
  code: "invalid_token",
};

/** The body of a 403, in the shape of the path's family. */
function forbidden(path: string, expected: Expected, callers: Callers): object {
  const scopes = callers === "customers" || callers === "anyone" || callers === "open" ? [] : scopesOf[callers];
  const isForScopes = expected === "403 for its scopes";
  const message = isForScopes
    ? `Missing required scopes '[${scopes.join(", ")}]'`
    : expected === "403 for its tenant"
      ? "The token's tenant is not the tenant that the request names."
      : "A signed-in customer's token is required.";
  const code = isForScopes
    ? "missing_scope"
    : expected === "403 for its tenant"
      ? "tenant_mismatch"
      : "customer_token_required";
  if (path.startsWith("/site/")) {
    const needed = isForScopes ? `Missing required scopes [${scopes.join(", ")}]` : message;
    const details = [{ message: needed, moreInfo: "" }];
    return { type: "Forbidden", status: 403, message: "User not authorized", details, code };
  }
  if (!path.startsWith("/reward-points/")) return { type: "insufficient_permissions", status: 403, message, code };
  const summary = isForScopes ? "Scope validation failed" : "Access denied";
  return { code: 403, status: "Forbidden", message: summary, details: [message], errorCode: code };
}

/** Headers that are given twice stay two. */
function readyToSend(carried: Carried | string): { readonly headers: Headers; readonly query: string | undefined } {
  const { headers: pairs, query } = typeof carried === "string" ? bearer(carried) : carried;
  const headers = new Headers();
  for (const [name, value] of pairs) headers.append(name, value);
  return { headers, query };
}

const marksOf = ({ mark, code, usedCode, useId }: PreparedShop) => [mark, code, usedCode, useId];

let cells = 0;

describe.each(operations)("$name", (operation) => {
  const { name, method, path, entry } = operation;
  const { callers, answers } = entry;
  const inTenant = path.includes("{tenant}");
  let shop: PreparedShop;
  let before: Stored;
  /** For those whom it lets in, who may change it. */
  let changing: PreparedShop;
  const isRead = method === "GET" || path.endsWith("/validation");

  beforeAll(async () => {
    shop = await prepareShop();
    if (callers === "open") await addClients([shop.tenant]);
    before = await everythingStored(shop.tenant);
    changing = isRead || entry.once ? shop : await prepareShop();
  });

  async function ask(target: PreparedShop, kind: Kind) {
    const { tenant, customerId } = target;
    const claims: Record<string, string> =
      callers === "customers"
        ? { tenant, customer_id: customerId }
        : { tenant, scope: allScopes, client_id: "backoffice" };
    const carried = await kind.carries({ tenant, customerId, claims });
    const { headers, query } = readyToSend(carried);
    const { json, body, headers: contentType = {} } = rightBody(operation, target);
    const init: RequestInit = { method, headers };
    if (json !== undefined) {
      headers.set("Content-Type", "application/json");
      init.body = JSON.stringify(json);
    }
    for (const [header, value] of Object.entries(contentType)) headers.set(header, value);
    if (body !== undefined) init.body = body;
    const url = `https://points.test${rightPath(operation, target)}${rightSearch(operation, target, query)}`;
    const response = await exports.default.fetch(new Request(url, init));
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  test.each(kindsFor(operation))("%s", async (kindName, kind) => {
    cells += 1;
    if (callers === "open") {
      expect((await ask(shop, kind)).status).toBe(answers.ok);
      return;
    }
    const expected = kind.expected({ callers, inTenant });
    switch (expected) {
      case "401": {
        const answer = await ask(shop, kind);
        expect(answer.status).toBe(401);
        expect(JSON.parse(answer.text)).toEqual(invalidToken);
        expect(answer.headers.get("WWW-Authenticate")).toBe("Bearer");
        expect(await everythingStored(shop.tenant)).toEqual(before);
        return;
      }
      case "403 for its tenant":
      case "403 for its scopes":
      case "403 for not being a customer's": {
        const answer = await ask(shop, kind);
        expect(answer.status).toBe(403);
        expect(JSON.parse(answer.text)).toEqual(forbidden(path, expected, callers));
        expect(await everythingStored(shop.tenant)).toEqual(before);
        return;
      }
      case "elsewhere":
      case "another customer": {
        const target = expected === "elsewhere" || isRead || entry.once ? shop : changing;
        const stored = await everythingStored(target.tenant);
        const answer = await ask(target, kind);
        const part = expected === "elsewhere" ? "elsewhere" : "another";
        expect(answers[part], `${name} needs \`${part}\` in the \`answers\` of its entry`).toBeDefined();
        expect(answer.status).toBe(answers[part]);
        // What a request says itself may stand in its answer, and who may see a coupon's terms who has its code.
        if (answer.status < 300 && method === "GET") {
          for (const secret of marksOf(target).slice(1)) expect(answer.text).not.toContain(secret);
          expect(answer.text).not.toContain(`points-${target.mark}`);
        }
        if (expected === "elsewhere" || answer.status >= 400 || isRead) {
          expect(await everythingStored(target.tenant)).toEqual(stored);
        }
        return;
      }
      case "let in": {
        const target = entry.once ? await prepareShop() : changing;
        const answer = await ask(target, kind);
        expect(answer.status, answer.text).toBe(answers.ok);
        if (isRead) expect(await everythingStored(target.tenant)).toEqual(before);
        return;
      }
      default:
        throw new Error(`${kindName} has no expectation for ${name}: ${JSON.stringify(expected satisfies never)}`);
    }
  });
});

test("events that were refused did not get into the queue either", async () => {
  const { tenant } = await prepareShop();
  const events = `/reward-points/${tenant}/events`;
  const json = { type: "x", payload: {} };
  for (const kind of Object.values(kinds)) {
    const claims = { tenant, scope: allScopes };
    if (kind.expected({ callers: "managers", inTenant: true }) === "let in") continue;
    const { headers } = readyToSend(await kind.carries({ tenant, customerId: "C1", claims }));
    headers.set("Content-Type", "application/json");
    const request = new Request(`https://points.test${events}`, {
      method: "POST",
      headers,
      body: JSON.stringify(json),
    });
    const { status } = await exports.default.fetch(request);
    expect([401, 403]).toContain(status);
  }
  const token = await employeeToken(tenant, allScopes);
  const { body } = await call("POST", events, { token, json });
  const idOf = (event: unknown) => (event as { id: string }).id;
  // The queue keeps its order: what was taken in before the last one has been processed with it.
  await expect
    .poll(async () => ((await call("GET", events, { token })).body as unknown[]).map(idOf), { timeout: 10_000 })
    .toContain(idOf(body));
  expect((await call("GET", events, { token })).body).toHaveLength(2);
});

afterAll(() => {
  const [some, all] = [Object.keys(kindsEverywhere).length, Object.keys(kinds).length];
  const words = `cells, ${operations.length} operations × ${some} kinds of token, ${withEveryKind.size} of them × ${all}`;
  report("authorization", cells, words);
});

test("no cell was left out", () => {
  expect([...withEveryKind].filter((name) => !operations.some((operation) => operation.name === name))).toEqual([]);
  expect(Object.keys(kinds)).toHaveLength(Object.keys(kindsOfTwo).length + Object.keys(kindsEverywhere).length);
  expect(Object.keys(kindsEverywhere).length).toBeGreaterThanOrEqual(kindsEverywhereMin);
  const more = withEveryKind.size * Object.keys(kindsOfTwo).length;
  expect(cells).toBe(operations.length * Object.keys(kindsEverywhere).length + more);
});

describe("a tenant's data", () => {
  let mine: string;
  let theirs: string;

  beforeAll(async () => {
    [mine, theirs] = await Promise.all([employeeToken("mine", allScopes), employeeToken("theirs", allScopes)]);
    await call("POST", "/reward-points/customer/C1/addPoints", { token: theirs, json: { points: 77 } });
  });

  test("is not there for another tenant's employee who knows the ids", async () => {
    expect(await call("GET", "/reward-points/customer/C1", { token: theirs })).toMatchObject({ body: 77 });
    expect(await call("GET", "/reward-points/customer/C1", { token: mine })).toMatchObject({ status: 200, body: 0 });
    expect((await call("GET", "/reward-points/customer/C1/summary", { token: mine })).status).toBe(404);
    expect(await call("GET", "/reward-points/summaryBatch", { token: mine })).toMatchObject({ body: [] });
  });

  test("cannot be changed by another tenant's employee", async () => {
    await call("DELETE", "/reward-points/customer/C1", { token: mine });
    await call("POST", "/reward-points/customer/C1/redeemPoints", { token: mine, json: { points: 1 } });
    expect(await call("GET", "/reward-points/customer/C1", { token: theirs })).toMatchObject({ body: 77 });
  });

  test("of a customer is that customer's, not another one's with a similar id", async () => {
    for (const [id, balance] of [
      ["C1", 77],
      ["c1", 0],
      ["C1 ", 0],
      ["C%31", 0],
      ["C1/", 0],
      ["C1\u0301", 0],
    ] as const) {
      const answer = await call("GET", "/reward-points/public/customer", { token: await customerToken("theirs", id) });
      expect(answer).toMatchObject({ status: 200, body: balance });
    }
  });
});

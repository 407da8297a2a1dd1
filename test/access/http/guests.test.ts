import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { clientIdOf } from "../../support/api-client-names.ts";
import { addClients } from "../../support/api-clients.ts";
import { call } from "../../support/shop.ts";
import { guestToken, refreshTokenOf, signToken } from "../../support/tokens.ts";

const tenant = "guests";
const client = clientIdOf(tenant);
const login = (query: string) => call("GET", `/customerlogin/auth/anonymous/login?${query}`);
const refresh = (query: string) => call("GET", `/customerlogin/auth/anonymous/refresh?${query}`);
const ours = `tenant=${tenant}&client_id=${client}`;

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly sessionId: string;
}

beforeAll(async () => {
  await addClients([tenant, "guests-x"]);
});

test("a storefront gets a guest's tokens by its client id, whatever else its SDK sends", async () => {
  const answer = await login(`${ours}&currency=EUR&siteCode=main&targetLocation=DE&language=EN`);
  expect(answer).toMatchObject({
    status: 200,
    body: { token_type: "Bearer", expires_in: 3_600, refresh_token_expires_in: 86_400, scope: `tenant=${tenant}` },
  });
  const { access_token: token } = answer.body as Tokens;
  expect((await call("GET", `/reward-points/${tenant}/redeemOptions`, { token })).status).toBe(200);
  expect((await call("GET", "/reward-points/public/customer", { token })).status).toBe(403);
  expect((await call("GET", "/reward-points/guests-x/redeemOptions", { token })).status).toBe(403);
  expect((await login(`hybris-tenant=${tenant}&client_id=${client}`)).status).toBe(200);
});

test("a session keeps its id when it is continued", async () => {
  const begun = (await login(ours)).body as Tokens;
  const continued = (await refresh(`${ours}&refresh_token=${begun.refresh_token}`)).body as Tokens;
  expect(continued.sessionId).toBe(begun.sessionId);
  expect(continued.access_token).not.toBe(begun.access_token);
  const again = await refresh(`${ours}&refresh_token=${continued.refresh_token}`);
  expect(again.body).toMatchObject({ sessionId: begun.sessionId });
  expect(((await login(ours)).body as Tokens).sessionId).not.toBe(begun.sessionId);
});

test("nobody gets in with somebody else's client, session or kind of token", async () => {
  const { access_token: access, refresh_token: right } = (await login(ours)).body as Tokens;
  const [theirs, other] = [
    `tenant=guests-x&client_id=${clientIdOf("guests-x")}`,
    `tenant=guests-x&client_id=${client}`,
  ];
  expect((await login(theirs)).status).toBe(200);
  expect(await login(other)).toMatchObject({ status: 401, body: { error: "invalid_client" } });
  expect((await login(`tenant=${tenant}&client_id=unknown`)).status).toBe(401);
  const stale = await signToken({
    header: { typ: "rt+jwt" },
    claims: { tenant, client_id: client, sub: "s", exp: 1_700_000_000 },
  });
  const foreign = await refreshTokenOf("guests-x");
  for (const [query, token] of [
    [theirs, right],
    [other, right],
    [ours, foreign],
    [ours, access],
    [ours, await guestToken(tenant)],
    [ours, stale],
    [ours, `${right.slice(0, -6)}AAAAAA`],
    [ours, "garbage"],
  ] as const) {
    expect(await refresh(`${query}&refresh_token=${token}`)).toMatchObject({ status: 401 });
  }
  // A refresh token is no access token.
  expect((await call("GET", `/reward-points/${tenant}/redeemOptions`, { token: right })).status).toBe(401);
});

test("a storefront whose client is revoked begins and continues nothing", async () => {
  const { refresh_token: token } = (await login(theirsOf("guests-y"))).body as Tokens;
  expect(token).toBeUndefined();
  await addClients(["guests-y"]);
  const begun = (await login(theirsOf("guests-y"))).body as Tokens;
  await env.DB.prepare("update api_clients set revoked_at = 1 where client_id = ?").bind(clientIdOf("guests-y")).run();
  expect((await login(theirsOf("guests-y"))).status).toBe(401);
  expect((await refresh(`${theirsOf("guests-y")}&refresh_token=${begun.refresh_token}`)).status).toBe(401);
});

const theirsOf = (name: string) => `tenant=${name}&client_id=${clientIdOf(name)}`;

test("without a tenant or a client, the answer says which is missing", async () => {
  expect(await login(`client_id=${client}`)).toMatchObject({ status: 400, body: { error: "invalid_request" } });
  expect((await login(`tenant=${tenant}`)).status).toBe(400);
  expect((await refresh(ours)).status).toBe(400);
});

test("the tenant that a header names must be the token's, in whatever case the header is written", async () => {
  const token = await guestToken(tenant);
  const ask = (name: string, value: string) =>
    call("GET", `/reward-points/${tenant}/redeemOptions`, { token, headers: { [name]: value } });
  expect((await ask("Emporix-Tenant", tenant)).status).toBe(200);
  expect((await ask("emporix-tenant", tenant)).status).toBe(200);
  for (const wrong of ["guests-x", "GUESTS", ""]) {
    expect(await ask("Emporix-Tenant", wrong)).toMatchObject({ status: 403, body: { errorCode: "tenant_mismatch" } });
  }
});

/** What published browser clients ask for, as browsers write it: in lower case, sorted, without spaces. */
const preflights: readonly (readonly [client: string, method: string, headers: string])[] = [
  ["SDK, guest's list", "GET", "accept-language,authorization,emporix-tenant"],
  ["SDK, exchange", "POST", "accept-language,authorization,content-type,emporix-tenant"],
  ["SDK, counted list", "GET", "authorization,emporix-tenant,x-total-count"],
  ["SDK, other services' headers", "GET", "authorization,emporix-tenant,saas-token,session-id,vendor-id"],
  ["storefront, sites", "GET", "accept-language,authorization,content-language,content-type,x-version"],
  ["dashboard, sites", "PATCH", "authorization,content-language,content-type,emporix-tenant,x-version"],
  ["dashboard, deletion", "DELETE", "authorization,content-type,emporix-tenant"],
  ["own client, safe repetition", "PUT", "authorization,content-type,idempotency-key,x-request-id"],
];

test.each(preflights)("a browser lets the %s send its request", async (_, method, asked) => {
  const answer = await call("OPTIONS", `/reward-points/${tenant}/redeemOptions`, {
    headers: {
      Origin: "https://shop.test",
      "Access-Control-Request-Method": method,
      "Access-Control-Request-Headers": asked,
    },
  });
  expect(answer.status).toBe(204);
  expect(answer.headers.get("Access-Control-Allow-Methods")?.split(",")).toContain(method);
  const allowed = new Set(answer.headers.get("Access-Control-Allow-Headers")?.toLowerCase().split(","));
  expect(asked.split(",").filter((name) => !allowed.has(name))).toEqual([]);
});

import { env } from "cloudflare:workers";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { sha256Hex } from "../../../src/platform/runtime/sha256.ts";
import { call } from "../../support/shop.ts";

const secret = "a secret: with + and %";

beforeAll(async () => {
  const insert = env.DB.prepare(
    "insert into api_clients (client_id, tenant, secret_hash, scopes, created_at, revoked_at) values (?, ?, ?, ?, ?, ?)",
  );
  const hash = sha256Hex(secret);
  const scopes = "rewardspoints.rewardpoints_view rewardspoints.rewardpoints_manage";
  await env.DB.batch([
    insert.bind("tokens-client", "demo", hash, scopes, 0, null),
    insert.bind("tokens-revoked", "demo", hash, scopes, 0, 1),
  ]);
});

const ask = (form: Record<string, string>, headers: Record<string, string> = {}) =>
  call("POST", "/oauth/token", {
    body: new URLSearchParams(form).toString(),
    headers: { "Content-Type": "application/x-www-form-urlencoded", ...headers },
  });
const grant = { grant_type: "client_credentials" };
const credentials = { ...grant, client_id: "tokens-client", client_secret: secret };
const basic = (id: string, password: string) => ({
  Authorization: `Basic ${btoa(`${encodeURIComponent(id)}:${encodeURIComponent(password)}`)}`,
});

describe("an API client", () => {
  test("gets a token with which it can do what its scopes say", async () => {
    for (const answer of [await ask(credentials), await ask(grant, basic("tokens-client", secret))]) {
      expect(answer).toMatchObject({
        status: 200,
        body: {
          token_type: "Bearer",
          expires_in: 3600,
          scope: "rewardspoints.rewardpoints_view rewardspoints.rewardpoints_manage",
        },
      });
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      const { access_token: token } = answer.body as { access_token: string };
      expect((await call("GET", "/reward-points/customer/C1", { token })).status).toBe(200);
      expect((await call("GET", "/site/demo/sites/main/mixins", { token })).status).toBe(403);
    }
  });

  test("gets fewer scopes when it asks for fewer, and none that it does not have", async () => {
    const fewer = await ask({ ...credentials, scope: "rewardspoints.rewardpoints_view" });
    expect(fewer.body).toMatchObject({ scope: "rewardspoints.rewardpoints_view" });
    const { access_token: token } = fewer.body as { access_token: string };
    expect((await call("DELETE", "/reward-points/customer/C1", { token })).status).toBe(403);
    expect(await ask({ ...credentials, scope: "site.site_manage" })).toMatchObject({
      status: 400,
      body: { error: "invalid_scope" },
    });
  });

  test.each<[string, Record<string, string>]>([
    ["with a wrong secret", { ...credentials, client_secret: "wrong" }],
    ["that does not exist", { ...credentials, client_id: "nobody" }],
    ["that was revoked", { ...credentials, client_id: "tokens-revoked" }],
    ["without credentials", grant],
  ])("%s is refused alike", async (_name, form) => {
    const answer = await ask(form);
    expect(answer).toMatchObject({ status: 401, body: { error: "invalid_client" } });
    expect(answer.headers.get("WWW-Authenticate")).toBe("Basic");
    expect(answer.body).toEqual((await ask({ ...credentials, client_secret: "wrong" })).body);
  });

  test("must use the form and the grant that there are", async () => {
    expect(await ask({ ...credentials, grant_type: "password" })).toMatchObject({
      status: 400,
      body: { error: "unsupported_grant_type" },
    });
    expect(await ask({ client_id: "tokens-client", client_secret: secret })).toMatchObject({
      status: 400,
      body: { error: "invalid_request" },
    });
    expect(await call("POST", "/oauth/token", { json: credentials })).toMatchObject({
      status: 415,
      body: { error: "invalid_request" },
    });
  });
});

test("the key set has the public key with which the tokens verify, and nothing of the private one", async () => {
  const { body } = await call("GET", "/.well-known/jwks.json");
  expect((body as { keys: object[] }).keys.flatMap((key) => Object.keys(key)).sort()).not.toContain("d");
  const { access_token: token } = (await ask(credentials)).body as { access_token: string };
  const { payload } = await jwtVerify(token, createLocalJWKSet(body as JSONWebKeySet), { audience: env.AUTH_AUDIENCE });
  expect(payload).toMatchObject({ tenant: "demo", sub: "tokens-client", client_id: "tokens-client" });
});

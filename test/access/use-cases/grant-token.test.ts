import { env } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { exportJWK, generateKeyPair } from "jose";
import { describe, expect, it, vi } from "vitest";
import { EmbeddedTokenIssuer } from "../../../src/access/integrations/embedded-issuer.ts";
import { publicKeyOf } from "../../../src/access/integrations/signing-key.ts";
import { embeddedTokenVerifier } from "../../../src/access/integrations/verifiers.ts";
import { D1ApiClientStore } from "../../../src/access/storage/api-client-store.ts";
import { apiClients } from "../../../src/access/storage/tables.ts";
import {
  type GrantTokenInput,
  type GrantTokenServices,
  grantToken,
} from "../../../src/access/use-cases/grant-token.ts";
import type { ApiClient, TokenIssuer } from "../../../src/access/use-cases/ports.ts";
import { systemClock } from "../../../src/platform/runtime/system-clock.ts";
import type { TenantId } from "../../../src/platform/values/identifiers.ts";
import { refuse, succeed } from "../../../src/platform/values/result.ts";

const view = "rewardspoints.rewardpoints_view";
const manage = "rewardspoints.rewardpoints_manage";

/** The secret is "abc", whose SHA-256 is a published test vector (FIPS 180-2). */
const client: ApiClient = {
  clientId: "backoffice",
  tenant: "demo" as TenantId,
  secretHash: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  scopes: [view, manage],
};

type Grant = Parameters<TokenIssuer["issue"]>[0];

function servicesWith(known: ApiClient): GrantTokenServices & { readonly issued: Grant[] } {
  const issued: Grant[] = [];
  return {
    issued,
    apiClients: { find: async (clientId) => (clientId === known.clientId ? known : null) },
    issuer: {
      issue: async (grant) => {
        issued.push(grant);
        return "signed";
      },
      issueRefresh: async () => "refresh",
      sessionOf: async () => null,
      keySet: async () => ({ keys: [] }),
    },
  };
}

const asking = (requestedScopes: readonly string[] | null): GrantTokenInput => ({
  clientId: "backoffice",
  clientSecret: "abc",
  requestedScopes,
});

describe("a client that asks for a token", () => {
  it.each([null, []])("gets all its scopes when it asks for none: %j", async (requested) => {
    const services = servicesWith(client);
    expect(await grantToken(asking(requested), services)).toEqual(
      succeed({ accessToken: "signed", expiresInSeconds: 3_600, scopes: [view, manage] }),
    );
    expect(services.issued).toEqual([
      { tenant: "demo", clientId: "backoffice", subject: "backoffice", scopes: [view, manage], lifetimeSeconds: 3_600 },
    ]);
  });

  it("gets what it asks for, once each", async () => {
    const services = servicesWith(client);
    expect(await grantToken(asking([view, view]), services)).toMatchObject({ value: { scopes: [view] } });
    expect(services.issued).toMatchObject([{ scopes: [view] }]);
  });

  it("may name its tenant, which is echoed and restricts nothing", async () => {
    const services = servicesWith(client);
    expect(await grantToken(asking([view, "tenant=demo"]), services)).toMatchObject({
      value: { scopes: ["tenant=demo", view] },
    });
    expect(await grantToken(asking(["tenant=demo"]), services)).toMatchObject({
      value: { scopes: ["tenant=demo", view, manage] },
    });
  });

  it.each([
    [[view, "coupon.coupon_read"], ["coupon.coupon_read"]],
    [["tenant=other", view], ["tenant=other"]],
    [["tenant=demo", "tenant=other"], ["tenant=other"]],
    [["saasag.rewardpoints_view"], ["saasag.rewardpoints_view"]],
    [[view.toUpperCase()], [view.toUpperCase()]],
  ])("gets nothing when it asks for what it does not have: %j", async (requested, scopes) => {
    const services = servicesWith(client);
    expect(await grantToken(asking(requested), services)).toEqual(refuse({ code: "invalid_scope", scopes }));
    expect(services.issued).toEqual([]);
  });

  it.each([
    { clientSecret: "abd" },
    { clientSecret: "" },
    { clientSecret: client.secretHash },
    { clientId: "unknown" },
    { clientId: "" },
    { clientId: "BACKOFFICE" },
  ])("gets nothing, and no reason, when it is not who it says: %j", async (wrong) => {
    const services = servicesWith(client);
    const input = { ...asking(["coupon.coupon_read"]), ...wrong };
    expect(await grantToken(input, services)).toEqual(refuse({ code: "invalid_client" }));
    expect(services.issued).toEqual([]);
  });

  it("is refused when what is stored of its secret is broken", async () => {
    for (const secretHash of ["", "abc", client.secretHash.slice(1), `${client.secretHash} `]) {
      const services = servicesWith({ ...client, secretHash });
      expect(await grantToken(asking(null), services)).toEqual(refuse({ code: "invalid_client" }));
    }
  });

  it("has its secret compared in constant time, also when there is no such client", async () => {
    const compare = vi.spyOn(crypto.subtle, "timingSafeEqual");
    await grantToken(asking(null), servicesWith(client));
    await grantToken({ ...asking(null), clientId: "unknown" }, servicesWith(client));
    expect(compare.mock.results.map(({ value }) => value)).toEqual([true, false]);
    compare.mockRestore();
  });
});

describe("a stored client", () => {
  const store = new D1ApiClientStore(env.DB);
  const row = { tenant: "demo", secretHash: client.secretHash, scopes: `${view} ${manage}`, createdAt: 1 };
  const insert = (...rows: (typeof apiClients.$inferInsert)[]): Promise<unknown> =>
    drizzle(env.DB).insert(apiClients).values(rows);

  it("is found by its exact id until it is revoked", async () => {
    await insert({ ...row, clientId: "active" }, { ...row, clientId: "revoked", revokedAt: 2 });
    expect(await store.find("active")).toEqual({ ...client, clientId: "active" });
    expect(await store.find("revoked")).toBeNull();
    expect(await store.find("ACTIVE")).toBeNull();
    expect(await store.find("' OR 1=1 --")).toBeNull();
  });

  it("gets a token that the service accepts", async () => {
    await insert({ ...row, clientId: "whole-way" });
    const { privateKey } = await generateKeyPair("ES256", { extractable: true });
    const key = { ...(await exportJWK(privateKey)), kty: "EC", alg: "ES256", kid: "k1" } as const;
    const identity = { issuer: "https://issuer.example", audience: "reward-points" };
    const issuer = new EmbeddedTokenIssuer(key, identity, systemClock);
    const granted = await grantToken(
      { clientId: "whole-way", clientSecret: "abc", requestedScopes: ["tenant=demo", view] },
      { apiClients: store, issuer },
    );
    if (!granted.ok) throw new Error(granted.failure.code);
    const rules = { ...identity, customerClaim: "customer_id" };
    const verified = await embeddedTokenVerifier(publicKeyOf(key), rules, systemClock).verify(
      granted.value.accessToken,
    );
    expect(verified).toMatchObject({
      ok: true,
      value: {
        principal: { tenant: "demo", customerId: null, scopes: new Set([view]), actor: "client:whole-way" },
      },
    });
  });
});

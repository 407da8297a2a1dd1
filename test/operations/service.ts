import { clientIdOf, clientSecretOf } from "../support/api-client-names.ts";
import { naming, never, secret, upTo } from "./fields.ts";
import type { OperationEntry } from "./operation-entry.ts";

const asStorefront = ({ tenant }: { readonly tenant: string }) => ({
  tenant,
  client_id: clientIdOf(tenant),
});
const olderTenant = ({ tenant }: { readonly tenant: string }) => ({ "hybris-tenant": tenant });
const storefront = {
  "query:tenant": naming("tenant", upTo(64)),
  "query:hybris-tenant": naming("tenant", upTo(64)),
  "query:client_id": naming("client", upTo(128, 1)),
};

/** What belongs to the service itself. */
export const service: Readonly<Record<string, OperationEntry>> = {
  "POST /oauth/token": {
    callers: "open",
    request: {
      form: ({ tenant }) => ({
        grant_type: "client_credentials",
        client_id: clientIdOf(tenant),
        client_secret: clientSecretOf(tenant),
      }),
    },
    answers: { ok: 200, refusals: [400, 401, 404, 503] },
    fields: {
      grant_type: never,
      client_id: naming("client", upTo(128)),
      client_secret: naming(secret, upTo(256)),
      scope: naming(["tenant={tenant}", "tenant={tenant} rewardspoints.rewardpoints_view"], upTo(2_000)),
    },
    fuzz: { bodies: "client" },
  },
  "GET /customerlogin/auth/anonymous/login": {
    callers: "open",
    request: { needed: asStorefront, query: olderTenant },
    answers: { ok: 200, refusals: [400, 401, 404, 503] },
    parameters: storefront,
  },
  "GET /customerlogin/auth/anonymous/refresh": {
    callers: "open",
    request: {
      needed: ({ tenant, refreshToken }) => ({ ...asStorefront({ tenant }), refresh_token: refreshToken }),
      query: olderTenant,
    },
    answers: { ok: 200, refusals: [400, 401, 404, 503] },
    parameters: { ...storefront, "query:refresh_token": naming(secret, upTo(4_096, 1)) },
  },
  "GET /.well-known/jwks.json": { callers: "open", answers: { ok: 200, refusals: [404] } },
  "GET /health": {
    callers: "open",
    request: { query: () => ({ deep: "1" }) },
    answers: { ok: 200, refusals: [400, 503] },
  },
  "GET /openapi.json": { callers: "open", answers: { ok: 200 }, fuzz: { weight: 1 } },
};

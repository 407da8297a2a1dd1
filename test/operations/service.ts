import { clientIdOf, clientSecretOf } from "../support/api-clients.ts";
import { naming, never, secret, upTo } from "./fields.ts";
import type { OperationEntry } from "./operation-entry.ts";

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
  "GET /.well-known/jwks.json": { callers: "open", answers: { ok: 200, refusals: [404] } },
  "GET /health": {
    callers: "open",
    request: { query: () => ({ deep: "1" }) },
    answers: { ok: 200, refusals: [400, 503] },
  },
  "GET /openapi.json": { callers: "open", answers: { ok: 200 }, fuzz: { weight: 1 } },
};

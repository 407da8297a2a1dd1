import { createRoute, z } from "@hono/zod-openapi";
import type { App } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, openOperation } from "../../platform/http/operation.ts";
import { orRefuse, Refused } from "../../platform/http/refused.ts";
import { deferredMembers } from "../../platform/http/schemas/deferred.ts";
import { continueGuestSession } from "../use-cases/guest-tokens.ts";
import { guestTokensBody, guestTokensOut, storefrontMembers, storefrontOf } from "./guest-token-schemas.ts";

const path = "/customerlogin/auth/anonymous/refresh";

const refreshQuery = z.object(
  deferredMembers({
    ...storefrontMembers,
    refresh_token: () => z.string().min(1).max(4_096).openapi({ description: "The session's latest." }),
  }),
);

const route = createRoute({
  method: "get",
  path,
  ...openOperation("GET-anonymous-refresh"),
  tags: ["Tokens"],
  summary: "Continue a guest's session",
  description: "Gives new tokens for the same session. Exists only with the embedded issuer.",
  request: { query: refreshQuery },
  responses: {
    200: jsonAnswer("The guest's new tokens.", guestTokensOut),
    ...failures(path, null, "validation_failed", "invalid_client", "route_not_found", "unavailable", "overloaded"),
  },
});

export const refreshAnonymousLogin = (app: App) =>
  app.openapi(route, async (c) => {
    const { issuer, apiClients, newId } = c.get("services");
    if (issuer === null) throw new Refused({ code: "route_not_found" });
    const query = c.req.valid("query");
    const storefront = { ...storefrontOf(query), refreshToken: query.refresh_token };
    const tokens = orRefuse(await continueGuestSession(storefront, { issuer, apiClients, newId }));
    return c.json(guestTokensBody(tokens), 200);
  });

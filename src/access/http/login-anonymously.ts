import { createRoute } from "@hono/zod-openapi";
import type { App } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, openOperation } from "../../platform/http/operation.ts";
import { orRefuse, Refused } from "../../platform/http/refused.ts";
import { beginGuestSession } from "../use-cases/guest-tokens.ts";
import { guestTokensBody, guestTokensOut, storefrontOf, storefrontQuery } from "./guest-token-schemas.ts";

const path = "/customerlogin/auth/anonymous/login";

const route = createRoute({
  method: "get",
  path,
  ...openOperation("GET-anonymous-login"),
  tags: ["Tokens"],
  summary: "Begin a guest's session",
  description:
    "Gives a storefront tokens for a shopper who is not signed in. A guest can read redeem options, and validate and use coupons that are for everybody. Exists only with the embedded issuer.",
  request: { query: storefrontQuery },
  responses: {
    200: jsonAnswer("The guest's tokens.", guestTokensOut),
    ...failures(path, null, "validation_failed", "invalid_client", "route_not_found", "unavailable", "overloaded"),
  },
});

export const loginAnonymously = (app: App) =>
  app.openapi(route, async (c) => {
    const { issuer, apiClients, newId } = c.get("services");
    if (issuer === null) throw new Refused({ code: "route_not_found" });
    const storefront = storefrontOf(c.req.valid("query"));
    return c.json(guestTokensBody(orRefuse(await beginGuestSession(storefront, { issuer, apiClients, newId }))), 200);
  });

import { createRoute, z } from "@hono/zod-openapi";
import type { App } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, openOperation } from "../../platform/http/operation.ts";
import { Refused } from "../../platform/http/refused.ts";
import { deferred } from "../../platform/http/schemas/deferred.ts";

const path = "/.well-known/jwks.json";

const keySetOut = deferred(() =>
  z.object({ keys: z.array(z.looseObject({ kty: z.string() })) }).openapi("JsonWebKeySet", {
    example: { keys: [{ kty: "EC", crv: "P-256", alg: "ES256", kid: "…", x: "…", y: "…" }] },
  }),
);

const route = createRoute({
  method: "get",
  path,
  ...openOperation("GET-key-set"),
  tags: ["Tokens"],
  summary: "Read the embedded issuer's public keys",
  responses: { 200: jsonAnswer("The keys (RFC 7517).", keySetOut), ...failures(path, null, "route_not_found") },
});

export const getKeySet = (app: App) =>
  app.openapi(route, async (c) => {
    const { issuer } = c.get("services");
    if (issuer === null) throw new Refused({ code: "route_not_found" });
    c.header("Cache-Control", "public, max-age=300");
    return c.json((await issuer.keySet()) as z.output<typeof keySetOut>, 200);
  });

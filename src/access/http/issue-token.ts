import { createRoute, z } from "@hono/zod-openapi";
import type { App } from "../../platform/http/app-env.ts";
import { limitBody, requireMediaType } from "../../platform/http/middleware/json-body.ts";
import { limitTokenRequests } from "../../platform/http/middleware/rate-limits.ts";
import { failures, jsonAnswer, openOperation } from "../../platform/http/operation.ts";
import { orRefuse, Refused } from "../../platform/http/refused.ts";
import { deferred } from "../../platform/http/schemas/deferred.ts";
import { grantToken } from "../use-cases/grant-token.ts";

const path = "/oauth/token";

const formMediaType = "application/x-www-form-urlencoded";

const tokenRequestIn = deferred(() =>
  z
    .object({
      grant_type: z.string().min(1).openapi({ description: "client_credentials", example: "client_credentials" }),
      client_id: z.string().max(128).optional().openapi({ description: "If not in a Basic header.", example: "" }),
      client_secret: z.string().max(256).optional().openapi({ description: "If not in a Basic header.", example: "" }),
      scope: z
        .string()
        .max(2_000)
        .optional()
        .openapi({ description: "Separated by spaces. Default: all scopes of the client.", example: "" }),
    })
    .openapi("TokenRequest"),
);

const tokenOut = deferred(() =>
  z
    .object({
      access_token: z.string(),
      token_type: z.literal("Bearer"),
      expires_in: z.int().openapi({ description: "Seconds." }),
      scope: z.string(),
    })
    .openapi("Token", {
      example: {
        access_token: "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9…",
        token_type: "Bearer",
        expires_in: 3600,
        scope: "rewardspoints.rewardpoints_view",
      },
    }),
);

const route = createRoute({
  method: "post",
  path,
  ...openOperation("POST-oauth-token", limitBody, requireMediaType(formMediaType)),
  tags: ["Tokens"],
  summary: "Get an access token for an API client",
  description:
    "Client credentials grant (RFC 6749, section 4.4), with the credentials in the body or in a Basic header. Exists only with the embedded issuer.",
  request: { body: { required: true, content: { [formMediaType]: { schema: tokenRequestIn } } } },
  responses: {
    200: jsonAnswer("The token.", tokenOut),
    ...failures(
      path,
      null,
      "validation_failed",
      "unsupported_grant_type",
      "invalid_scope",
      "invalid_client",
      "route_not_found",
      "payload_too_large",
      "unsupported_media_type",
      "unavailable",
      "overloaded",
    ),
  },
});

export const issueToken = (app: App) =>
  app.openapi(route, async (c) => {
    const { issuer, apiClients } = c.get("services");
    if (issuer === null) throw new Refused({ code: "route_not_found" });
    const form = c.req.valid("form");
    if (form.grant_type !== "client_credentials") throw new Refused({ code: "unsupported_grant_type" });
    const credentials = basicCredentials(c.req.header("Authorization")) ?? {
      clientId: form.client_id ?? "",
      clientSecret: form.client_secret ?? "",
    };
    await limitTokenRequests(c, credentials.clientId);
    const requestedScopes = form.scope === undefined ? null : form.scope.split(" ").filter((scope) => scope !== "");
    const token = orRefuse(await grantToken({ ...credentials, requestedScopes }, { apiClients, issuer }));
    return c.json(
      {
        access_token: token.accessToken,
        token_type: "Bearer" as const,
        expires_in: token.expiresInSeconds,
        scope: token.scopes.join(" "),
      },
      200,
    );
  });

/** RFC 6749, section 2.3.1: id and secret are form-encoded before they are joined. Null without a Basic header. */
function basicCredentials(header: string | undefined): { clientId: string; clientSecret: string } | null {
  const encoded = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return null;
  try {
    const text = atob(encoded);
    const colon = text.indexOf(":");
    if (colon < 0) throw new Error("no colon");
    const decode = (part: string) => decodeURIComponent(part.replaceAll("+", " "));
    return { clientId: decode(text.slice(0, colon)), clientSecret: decode(text.slice(colon + 1)) };
  } catch {
    throw new Refused({ code: "invalid_client" });
  }
}

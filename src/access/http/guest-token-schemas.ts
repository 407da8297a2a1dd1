import { z } from "@hono/zod-openapi";
import { Refused } from "../../platform/http/refused.ts";
import { deferred, deferredMembers } from "../../platform/http/schemas/deferred.ts";
import type { GuestTokens } from "../use-cases/guest-tokens.ts";

/** Makes the query parameters by which a storefront names itself. Others that clients send are ignored. */
export const storefrontMembers = {
  tenant: () => z.string().max(64).optional().openapi({ description: "The tenant's name. Needed." }),
  "hybris-tenant": () => z.string().max(64).optional().openapi({ description: "An older name of `tenant`." }),
  client_id: () =>
    z.string().min(1).max(128).openapi({ description: "The storefront's client id.", example: "storefront" }),
};

export const storefrontQuery = z.object(deferredMembers(storefrontMembers));

/**
 * The storefront that a query names.
 * @throws {Refused} validation_failed when it names no tenant
 */
export function storefrontOf(query: z.output<typeof storefrontQuery>) {
  const tenant = query.tenant ?? query["hybris-tenant"];
  if (tenant !== undefined) return { tenant, clientId: query.client_id };
  const violation = { field: "tenant", message: "must be given", type: "required" };
  throw new Refused({ code: "validation_failed", violations: [violation] });
}

/** A guest's tokens, with the names that Emporix's clients read. */
export const guestTokensOut = deferred(() =>
  z
    .object({
      access_token: z.string(),
      token_type: z.literal("Bearer"),
      expires_in: z.int().openapi({ description: "Seconds." }),
      refresh_token: z.string(),
      refresh_token_expires_in: z.int().openapi({ description: "Seconds." }),
      scope: z.string(),
      sessionId: z.string(),
    })
    .openapi("GuestTokens", {
      example: {
        access_token: "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9…",
        token_type: "Bearer",
        expires_in: 3600,
        refresh_token: "eyJhbGciOiJFUzI1NiIsInR5cCI6InJ0K2p3dCJ9…",
        refresh_token_expires_in: 86_400,
        scope: "tenant=demo",
        sessionId: "019b4e2a-7c1d-7e52-9d0b-2f1a55d2a111",
      },
    }),
);

export const guestTokensBody = (tokens: GuestTokens) => ({
  access_token: tokens.accessToken,
  token_type: "Bearer" as const,
  expires_in: tokens.expiresInSeconds,
  refresh_token: tokens.refreshToken,
  refresh_token_expires_in: tokens.refreshExpiresInSeconds,
  scope: tokens.scope,
  sessionId: tokens.sessionId,
});

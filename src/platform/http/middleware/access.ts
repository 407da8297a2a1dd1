import type { Context as HonoContext } from "hono";
import { type Access, authorize } from "../../../access/rules/access.ts";
import { parseTenantId } from "../../values/identifiers.ts";
import type { AppEnv } from "../app-env.ts";
import type { Check } from "../checks.ts";
import { orRefuse, Refused } from "../refused.ts";
import { limitCaller } from "./rate-limits.ts";

const bearer = /^Bearer +([^\s]+) *$/i;

/** The header in which Emporix's clients name their tenant. */
export const tenantHeader = "Emporix-Tenant";

/** Admits a request if its bearer token is valid, its caller is within the rate limits and `access` allows it. */
export function requireAccess(access: Access): Check {
  return async (c) => {
    const token = bearer.exec(c.req.header("Authorization") ?? "")?.[1];
    if (token === undefined) throw new Refused({ code: "invalid_token", reason: "no bearer token" });
    const tenants = namedTenants(c);
    const principal = orRefuse(await c.get("services").tokens.verify(token, parseTenantId(tenants[0] ?? "")));
    c.set("principal", principal);
    await limitCaller(c, principal, token);
    orRefuse(authorize(principal, access, tenants));
  };
}

/** The tenants that the request names, in its path and in a header. They should be one and the same. */
const namedTenants = (c: HonoContext<AppEnv>): readonly string[] =>
  [c.req.param("tenant"), c.req.header(tenantHeader)].filter((name) => name !== undefined);

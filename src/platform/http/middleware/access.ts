import { type Access, authorize } from "../../../access/rules/access.ts";
import type { Check } from "../checks.ts";
import { orRefuse, Refused } from "../refused.ts";
import { limitCaller } from "./rate-limits.ts";

const bearer = /^Bearer +([^\s]+) *$/i;

/** Admits a request if its bearer token is valid, its caller is within the rate limits and `access` allows it. */
export function requireAccess(access: Access): Check {
  return async (c) => {
    const token = bearer.exec(c.req.header("Authorization") ?? "")?.[1];
    if (token === undefined) throw new Refused({ code: "invalid_token", reason: "no bearer token" });
    const principal = orRefuse(await c.get("services").tokens.verify(token));
    c.set("principal", principal);
    await limitCaller(c, principal, token);
    orRefuse(authorize(principal, access, c.req.param("tenant") ?? null));
  };
}

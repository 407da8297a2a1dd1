import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context as HonoContext } from "hono";
import type { CustomerId } from "../values/identifiers.ts";
import type { Principal } from "../values/principal.ts";
import type { FailureCode } from "./failure.ts";
import type { Context, Services } from "./services.ts";

/** What middleware provides to the handlers of a request. */
export interface AppEnv {
  Variables: {
    services: Services;
    requestId: string;
    /** The operation id; unset when the path belongs to no operation. */
    operation: string | undefined;
    /** Set once the token has been verified. */
    principal: Principal | undefined;
    /** Why the request was refused; unset when it was not. */
    refusal: FailureCode | undefined;
  };
}

export type App = OpenAPIHono<AppEnv>;

/** The situation of a use case that runs for an authorized request. */
export function contextOf(c: HonoContext<AppEnv>, idempotencyKey: string | undefined = undefined): Context {
  const principal = c.get("principal");
  if (principal === undefined) throw new Error("The operation has no access rule.");
  return {
    services: c.get("services"),
    principal,
    operation: c.get("operation") ?? "",
    idempotencyKey: idempotencyKey ?? null,
  };
}

/** The situation of a signed-in customer's request. The customer is always the one that the token names. */
export function customerContextOf(
  c: HonoContext<AppEnv>,
  idempotencyKey: string | undefined = undefined,
): Context & { readonly customerId: CustomerId } {
  const context = contextOf(c, idempotencyKey);
  const { customerId } = context.principal;
  if (customerId === null) throw new Error("The operation's access rule admits callers who are not customers.");
  return { ...context, customerId };
}

import { z } from "@hono/zod-openapi";
import { lazy } from "../../runtime/lazy.ts";

/**
 * A schema that is made when a request or the OpenAPI document first needs it. Making all schemas would be most of the
 * work before an isolate takes its first request, and most isolates never see most operations.
 *
 * Inside other schemas, use the schema that it makes (`unwrap`). zod would take the deferred one for a recursive type,
 * and keep track of the values under it.
 */
export const deferred = <Schema extends z.ZodType>(make: () => Schema): z.ZodLazy<Schema> => z.lazy(lazy(make));

/**
 * The members of an object's schema, each made when the object is first needed. For parameters, because the generator
 * of the OpenAPI document reads them from the object itself. They are getters, which zod reads when it needs them.
 */
export function deferredMembers<Makers extends Readonly<Record<string, () => z.ZodType>>>(makers: Makers) {
  const getters = Object.entries(makers).map(([name, make]) => [name, { get: lazy(make), enumerable: true }] as const);
  return Object.defineProperties({}, Object.fromEntries(getters)) as {
    readonly [Name in keyof Makers]: ReturnType<Makers[Name]>;
  };
}

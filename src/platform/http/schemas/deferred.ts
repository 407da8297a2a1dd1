import { z } from "@hono/zod-openapi";
import { lazy } from "../../runtime/lazy.ts";

/**
 * The schema that `make` makes, when a request or the OpenAPI document first needs it. Schemas are most of what an
 * isolate would have to do before it can take a request, and most isolates never see most operations.
 *
 * Inside other schemas belongs what it makes (`unwrap`): zod would take the deferred one for a type that may hold itself,
 * and keep account of the values under it.
 */
export const deferred = <Schema extends z.ZodType>(make: () => Schema): z.ZodLazy<Schema> => z.lazy(lazy(make));

/**
 * The members of an object's schema, each made when the object is first needed; for parameters, which the generator of
 * the OpenAPI document reads off the object itself. zod asks for members that are getters when it needs them.
 */
export function deferredMembers<Makers extends Readonly<Record<string, () => z.ZodType>>>(makers: Makers) {
  const getters = Object.entries(makers).map(([name, make]) => [name, { get: lazy(make), enumerable: true }] as const);
  return Object.defineProperties({}, Object.fromEntries(getters)) as {
    readonly [Name in keyof Makers]: ReturnType<Makers[Name]>;
  };
}

import { z } from "zod";
import { lazy } from "../runtime/lazy.ts";

/** Statuses with which a service says that it did not get round to the request, and did nothing. */
const notActedStatuses: ReadonlySet<number> = new Set([425, 429]);

/** Whether the same request may have another answer in a moment. */
export const isTransient = (status: number): boolean => status === 408 || status >= 500 || notActedStatuses.has(status);

/** Whether a service that answers a request with a transient `status` may have acted on it all the same. */
export const mayHaveActed = (status: number): boolean => !notActedStatuses.has(status);

const errorBody = lazy(() =>
  z.object({
    status: z.int(),
    type: z
      .string()
      .max(64)
      .regex(/^[a-z]+[a-z_]*$/),
  }),
);

/**
 * Whether it is the service that says 404, in its own words. Any other 404 comes from something in between, or from
 * an address that is not the service's, and proves nothing.
 */
export function saysNotFound(status: number, body: unknown): boolean {
  return status === 404 && errorBody().safeParse(body).data?.status === 404;
}

/** A refusal for the log: the status and, where the body is of the contract's form, its type. Never its message. */
export function refusalReason(status: number, body: unknown): string {
  const type = errorBody().safeParse(body).data?.type;
  return type === undefined ? String(status) : `${status} ${type}`;
}

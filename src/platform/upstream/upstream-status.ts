import { z } from "zod";
import { lazy } from "../runtime/lazy.ts";

/** Statuses by which a service says that it did not process the request and did nothing. */
const notActedStatuses: ReadonlySet<number> = new Set([425, 429]);

/** Whether the same request may get a different answer a moment later. */
export const isTransient = (status: number): boolean => status === 408 || status >= 500 || notActedStatuses.has(status);

/** Whether a service that answered with a transient `status` may still have acted on the request. */
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
 * Whether the 404 comes from the service itself: the body has the contract's form. Any other 404 comes from an
 * intermediary or from a wrong address, and proves nothing.
 */
export function saysNotFound(status: number, body: unknown): boolean {
  return status === 404 && errorBody().safeParse(body).data?.status === 404;
}

/** A refusal as the log shows it: the status and, if the body has the contract's form, its type. Never its message. */
export function refusalReason(status: number, body: unknown): string {
  const type = errorBody().safeParse(body).data?.type;
  return type === undefined ? String(status) : `${status} ${type}`;
}

import { z } from "@hono/zod-openapi";
import { lazy } from "../../application/lazy.ts";
import type { ErrorFamily } from "../error-bodies.ts";
import type { FailureStatus } from "../presentation.ts";

const status = lazy(() => z.int().min(100).max(599));

const problem = lazy(() =>
  z
    .object({
      type: z.string(),
      title: z.string(),
      status: status(),
      detail: z.string(),
      instance: z.string().openapi({ description: "The request's path." }),
      details: z
        .array(z.object({ field: z.string().nullable(), message: z.string(), type: z.string() }))
        .optional()
        .openapi({ description: "What is wrong with which field." }),
    })
    .openapi("Problem"),
);

const fault = lazy(() =>
  z
    .object({
      fault: z.object({ faultstring: z.string(), detail: z.object({ errorcode: z.string() }) }),
    })
    .openapi("Fault"),
);

const forbidden = lazy(() =>
  z
    .object({ code: status(), status: z.string(), message: z.string(), details: z.array(z.string()) })
    .openapi("Forbidden"),
);

const notFound = lazy(() =>
  z
    .object({ type: z.string(), status: status(), message: z.string(), details: z.array(z.string()) })
    .openapi("NotFound"),
);

const entryConflict = lazy(() =>
  z
    .object({
      status: status(),
      type: z.string(),
      message: z.string(),
      moreInfo: z.string(),
      details: z.array(
        z.object({
          field: z.string().nullable(),
          type: z.string().nullable(),
          message: z.string(),
          moreInfo: z.string(),
        }),
      ),
    })
    .openapi("Conflict"),
);

const redeemOptionConflict = lazy(() =>
  z
    .object({ status: status(), message: z.string(), details: z.object({ message: z.string() }) })
    .openapi("RedeemOptionConflict"),
);

const serverError = lazy(() =>
  z.object({ timestamp: z.string(), status: status(), error: z.string(), path: z.string() }).openapi("ServerError"),
);

const typedError = lazy(() =>
  z
    .object({
      type: z.string(),
      status: status(),
      message: z.string(),
      details: z
        .array(z.object({ field: z.string().optional(), type: z.string(), message: z.string(), moreInfo: z.string() }))
        .optional(),
    })
    .openapi("ErrorMessage"),
);

const oauthError = lazy(() =>
  z
    .object({ error: z.string(), error_description: z.string() })
    .openapi("OAuthError", { description: "RFC 6749, section 5.2." }),
);

/** The schema of what `errorBody` answers for a status. */
export function errorSchema(family: ErrorFamily, code: FailureStatus): z.ZodType {
  if (family === "oauth") return oauthError();
  if (code === 401) return fault();
  if (family === "typed") return typedError();
  switch (code) {
    case 403:
      return forbidden();
    case 404:
      return notFound();
    case 409:
      return z.union([entryConflict(), redeemOptionConflict()]);
    case 500:
    case 503:
      return serverError();
    default:
      return problem();
  }
}

import { z } from "@hono/zod-openapi";
import { lazy } from "../../runtime/lazy.ts";
import type { ErrorFamily } from "../error-bodies.ts";
import type { FailureCode } from "../failure.ts";
import type { FailureStatus } from "../presentation.ts";

const status = lazy(() => z.int().min(100).max(599));

/** Each status of each operation has its own list of codes. */
const code = lazy(() => z.string().openapi({ description: "The error as a word that programs can rely on." }));

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
        .openapi({ description: "What is wrong with each field." }),
      code: code(),
    })
    .openapi("Problem"),
);

const fault = lazy(() =>
  z
    .object({
      fault: z.object({ faultstring: z.string(), detail: z.object({ errorcode: z.string() }) }),
      code: code(),
    })
    .openapi("Fault"),
);

const forbidden = lazy(() =>
  z
    .object({
      code: status().openapi({ description: "The HTTP status. The word for programs is errorCode." }),
      status: z.string(),
      message: z.string(),
      details: z.array(z.string()),
      errorCode: code(),
    })
    .openapi("Forbidden"),
);

const notFound = lazy(() =>
  z
    .object({ type: z.string(), status: status(), message: z.string(), details: z.array(z.string()), code: code() })
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
      code: code(),
    })
    .openapi("Conflict"),
);

const redeemOptionConflict = lazy(() =>
  z
    .object({ status: status(), message: z.string(), details: z.object({ message: z.string() }), code: code() })
    .openapi("RedeemOptionConflict"),
);

const serverError = lazy(() =>
  z
    .object({ timestamp: z.string(), status: status(), error: z.string(), path: z.string(), code: code() })
    .openapi("ServerError"),
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
      code: code(),
    })
    .openapi("ErrorMessage"),
);

const siteError = lazy(() =>
  z
    .object({
      type: z.string(),
      status: status(),
      message: z.string(),
      moreInfo: z.string().optional(),
      details: z.array(
        z.object({
          field: z.string().optional(),
          type: z.string().optional(),
          message: z.string(),
          moreInfo: z.string(),
        }),
      ),
      code: code(),
    })
    .openapi("SiteErrorMessage"),
);

const oauthError = lazy(() =>
  z
    .object({ error: z.string(), error_description: z.string(), code: code() })
    .openapi("OAuthError", { description: "RFC 6749, section 5.2." }),
);

/** The schema of the bodies that `errorBody` makes for failures of `codes`, which share a status. */
export function errorSchema(family: ErrorFamily, answered: FailureStatus, codes: readonly FailureCode[]): z.ZodType {
  const withCode = { code: z.enum(codes) };
  if (family === "oauth") return oauthError().extend(withCode);
  if (answered === 401) return fault().extend(withCode);
  if (family === "sites") return siteError().extend(withCode);
  if (family === "typed") return typedError().extend(withCode);
  switch (answered) {
    case 403:
      return forbidden().extend({ errorCode: z.enum(codes) });
    case 404:
      return notFound().extend(withCode);
    case 409:
      return conflictSchema(codes);
    case 500:
    case 503:
      return serverError().extend(withCode);
    default:
      return problem().extend(withCode);
  }
}

/** One of the contract's two shapes of a conflict, or both. */
function conflictSchema(codes: readonly FailureCode[]): z.ZodType {
  const ofOption = codes.filter((some) => some === "option_version_conflict");
  const ofEntry = codes.filter((some) => some !== "option_version_conflict");
  const schemas = [
    ...(ofEntry.length === 0 ? [] : [entryConflict().extend({ code: z.enum(ofEntry) })]),
    ...(ofOption.length === 0 ? [] : [redeemOptionConflict().extend({ code: z.enum(ofOption) })]),
  ];
  const [only, ...more] = schemas;
  return only !== undefined && more.length === 0 ? only : z.union(schemas);
}

import type { RouteConfig, z } from "@hono/zod-openapi";
import type { Context as HonoContext, MiddlewareHandler } from "hono";
import type { Access } from "../../access/rules/access.ts";
import type { Result } from "../values/result.ts";
import { unreachable } from "../values/unreachable.ts";
import type { AppEnv } from "./app-env.ts";
import { type Check, inOneLayer } from "./checks.ts";
import { errorBody, errorFamilyOf } from "./error-bodies.ts";
import type { Failure, FailureCode } from "./failure.ts";
import { failureSamples } from "./failure-samples.ts";
import { requireAccess } from "./middleware/access.ts";
import { spareBusyLedger } from "./middleware/busy-ledgers.ts";
import { limitBody, orNoBody, requireMediaType } from "./middleware/json-body.ts";
import { limitAddress } from "./middleware/rate-limits.ts";
import { describeFailure, type FailureStatus, statusOf } from "./presentation.ts";
import { Refused } from "./refused.ts";
import { errorSchema } from "./schemas/errors.ts";

type Responses = RouteConfig["responses"];
type Security = NonNullable<RouteConfig["security"]>;

/**
 * Media types by kind of body. A merge patch has its own type, and may also be sent as plain JSON. An optional body may
 * be left out.
 */
const mediaTypes = {
  json: ["application/json"],
  "optional-json": ["application/json"],
  "merge-patch": ["application/json", "application/merge-patch+json"],
} as const;

/**
 * What an operation and its documentation share: who may call it, and how it can fail.
 * @param accepts the kind of body that it takes, if any
 * @param commandsLedger whether it does nothing but command the ledger of the customer in the token or the path
 */
export function operation<const Id extends string>(definition: {
  readonly operationId: Id;
  readonly access: Access;
  readonly accepts?: keyof typeof mediaTypes;
  readonly commandsLedger?: true;
}): { operationId: Id; security: Security; middleware: MiddlewareHandler<AppEnv>[] } {
  const { operationId, access, accepts, commandsLedger } = definition;
  const ledger = commandsLedger === undefined ? [] : [spareBusyLedger];
  const body = accepts === undefined ? [] : [limitBody, bodyCheck(accepts)];
  const { middleware } = openOperation(operationId, requireAccess(access), ...ledger, ...body);
  return { operationId, security: securityOf(access), middleware };
}

function bodyCheck(accepts: keyof typeof mediaTypes): Check {
  const check = requireMediaType(...mediaTypes[accepts]);
  return accepts === "optional-json" ? orNoBody(check) : check;
}

/**
 * An operation that needs no token.
 * @param checks conditions on requests, in addition to the limit on requests per address
 */
export const openOperation = <const Id extends string>(operationId: Id, ...checks: readonly Check[]) => ({
  operationId,
  security: [] as Security,
  middleware: [inOneLayer(named(operationId), limitAddress, ...checks)],
});

const named =
  (operationId: string): Check =>
  (c) => {
    c.set("operation", operationId);
  };

/** An employee's token can be requested with client credentials, or be pasted. */
export const employeeSecurity = (scopes: readonly string[]): Security => [
  ...scopes.map((scope) => ({ OAuth2: [scope] })),
  { EmployeeAccessToken: [] },
];

function securityOf(access: Access): Security {
  switch (access.kind) {
    case "employee":
      return employeeSecurity(access.scopes);
    case "customer":
      return [{ CustomerAccessToken: [] }];
    case "customer-or-employee":
      return [...employeeSecurity(access.scopes), { CustomerAccessToken: [] }];
    case "anyone":
      return [{ OAuth2: [] }, { EmployeeAccessToken: [] }, { CustomerAccessToken: [] }];
    default:
      return unreachable(access, "access");
  }
}

/** Every operation can fail with these. */
const always: readonly FailureCode[] = ["rate_limited", "internal"];
/** Every operation with a token can fail with these, too. */
const withToken: readonly FailureCode[] = [
  // Every path and query can at least be malformed.
  "validation_failed",
  "invalid_token",
  "tenant_mismatch",
  "issuer_unavailable",
  "unavailable",
  "overloaded",
];
const onJsonBody: readonly FailureCode[] = ["malformed_body", "payload_too_large", "unsupported_media_type"];
const onLedgerWrite: readonly FailureCode[] = [
  "overloaded",
  "outcome_unknown",
  "ledger_unsound",
  "idempotency_key_reused",
];

const onGrant: readonly FailureCode[] = [
  "created_at_in_future",
  "valid_until_before_created_at",
  "balance_limit_exceeded",
];

/** Groups of failure codes that go together. */
export const failuresOf = { jsonBody: onJsonBody, ledgerWrite: onLedgerWrite, grant: onGrant } as const;

/**
 * The documentation of an operation's failures, with an example of each. The returned type is empty, because handlers
 * never return failures: they throw them as {@link Refused}, and one place answers them.
 * @param path the operation's path, which decides the error shapes
 */
export function failures(path: string, access: Access | null, ...codes: readonly FailureCode[]): Record<never, never> {
  const all = new Set<FailureCode>([
    ...(access === null ? [] : withToken),
    ...always,
    ...codes,
    // Any write can arrive while the tenant is being moved.
    ...(codes.includes("outcome_unknown") ? (["tenant_moving"] as const) : []),
    ...accessCodes(access),
  ]);
  const byStatus = Map.groupBy(all, statusOf);
  const responses: Responses = {};
  // No sorting is needed: an object lists its integer keys in ascending order.
  for (const [status, group] of byStatus) {
    responses[status] = failureResponse(path, status, group, all.has("idempotency_key_reused"));
  }
  return responses;
}

function accessCodes(access: Access | null): readonly FailureCode[] {
  if (access === null || access.kind === "anyone") return [];
  return access.kind === "customer" ? ["customer_token_required"] : ["missing_scope"];
}

/** @param isKeyed whether a refusal that is stored under a key may be replayed */
function failureResponse(
  path: string,
  status: FailureStatus,
  codes: readonly FailureCode[],
  isKeyed: boolean,
): Responses[string] {
  const isRefusal = status === 400 || status === 404 || status === 409;
  const headers = isRefusal ? replayedHeader : retryAfterHeader;
  return {
    description: codes.map((code) => `\`${code}\``).join(", "),
    ...((isRefusal && isKeyed) || status === 429 || status === 503 ? { headers } : {}),
    get content() {
      return failureContent(path, status, codes);
    },
  };
}

/** Needed only for the OpenAPI document, which most isolates never build. */
function failureContent(path: string, status: FailureStatus, codes: readonly FailureCode[]) {
  const examples = codes.map((code) => {
    const value = errorBody(failureSamples[code], path, "2026-10-12T06:41:03.866Z");
    return [code, { summary: describeFailure(failureSamples[code]), value }] as const;
  });
  const schema = errorSchema(errorFamilyOf(path), status, codes);
  return { "application/json": { schema, examples: Object.fromEntries(examples) } };
}

const retryAfterHeader = {
  "Retry-After": { description: "Seconds to wait before the next attempt.", schema: { type: "integer" as const } },
};

/** A JSON request body. */
export const jsonBody = <Schema extends z.ZodType>(schema: Schema) => ({
  required: true,
  content: { "application/json": { schema } },
});

/** A JSON answer. */
export const jsonAnswer = <Schema extends z.ZodType>(description: string, schema: Schema) => ({
  description,
  content: { "application/json": { schema } },
});

/** The documentation of the header that marks a replayed answer. */
export const replayedHeader = {
  "Idempotency-Replayed": {
    description: "true when this is the answer to an earlier request with the same Idempotency-Key or id.",
    schema: { type: "string" as const },
  },
};

/**
 * The value of a keyed result. Sets the header that marks a replayed answer.
 * @throws {Refused} when it is a failure
 */
export function keyedValue<Value>(
  c: HonoContext<AppEnv>,
  answer: { readonly result: Result<Value, Failure>; readonly replayed: boolean },
): Value {
  if (answer.replayed) c.header("Idempotency-Replayed", "true");
  if (!answer.result.ok) throw new Refused(answer.result.failure);
  return answer.result.value;
}

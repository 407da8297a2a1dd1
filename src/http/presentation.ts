import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Failure, FailureCode, Violation } from "../application/failure.ts";

/** Statuses that failures are answered with. */
export type FailureStatus = Extract<
  ContentfulStatusCode,
  400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 500 | 503
>;

interface Presentation<Code extends FailureCode> {
  readonly status: FailureStatus;
  /** One sentence for a developer who reads the answer or the documentation. Never an internal message. */
  describe(failure: Extract<Failure, { code: Code }>): string;
}

const retryLater = "Nothing is wrong with the request: send it again, with the same Idempotency-Key.";

/**
 * The one place where failures meet HTTP: each code's status and words. Answers and the OpenAPI document are both
 * made from it, so they cannot drift apart.
 */
export const presentations: { readonly [Code in FailureCode]: Presentation<Code> } = {
  validation_failed: { status: 400, describe: ({ violations }) => describeViolations(violations) },
  malformed_body: { status: 400, describe: () => "The body is not valid JSON." },
  insufficient_points: {
    status: 400,
    describe: ({ activePoints, requestedPoints }) =>
      `Not enough points: ${activePoints} active, ${requestedPoints} requested.`,
  },
  balance_limit_exceeded: { status: 400, describe: () => "The balance would be larger than can be kept exactly." },
  created_at_in_future: { status: 400, describe: () => "createdAt lies in the future." },
  valid_until_before_created_at: { status: 400, describe: () => "validUntil lies before createdAt." },
  redeem_option_without_coupon: {
    status: 400,
    describe: ({ id }) => `Redeem option '${id}' defines no coupon, so it cannot be exchanged.`,
  },
  rewards_disabled: {
    status: 400,
    describe: ({ siteCode }) => `Reward points are switched off for site '${siteCode}'.`,
  },
  option_limit_reached: { status: 400, describe: ({ limit }) => `A tenant has at most ${limit} redeem options.` },
  mixin_limit_reached: {
    status: 400,
    describe: ({ siteCode, limit }) =>
      `Site ${siteCode} already has ${limit} mixins, which is the most a site can have.`,
  },
  unsupported_grant_type: { status: 400, describe: () => "The only grant_type is client_credentials." },
  invalid_scope: { status: 400, describe: ({ scopes }) => `The client may not ask for: ${scopes.join(" ")}.` },
  invalid_token: { status: 401, describe: () => "Invalid access token" },
  invalid_client: { status: 401, describe: () => "The client is unknown, or its secret is wrong." },
  missing_scope: { status: 403, describe: ({ scopes }) => `Missing required scopes '[${scopes.join(", ")}]'` },
  customer_token_required: { status: 403, describe: () => "A signed-in customer's token is required." },
  tenant_mismatch: { status: 403, describe: () => "The token belongs to another tenant than the path names." },
  route_not_found: { status: 404, describe: () => "There is no such resource." },
  ledger_not_found: {
    status: 404,
    describe: ({ customerId }) => `No reward points found for customer ${customerId}`,
  },
  redeem_option_not_found: { status: 404, describe: ({ id }) => `Redeem option '${id}' was not found.` },
  option_not_found: { status: 404, describe: ({ id }) => `Redeem option '${id}' was not found.` },
  coupon_not_found: { status: 404, describe: ({ couponCode }) => `Coupon with code ${couponCode} not found.` },
  mixin_not_found: { status: 404, describe: ({ mixinName }) => `Mixin with name '${mixinName}' could not be found` },
  method_not_allowed: { status: 405, describe: ({ allowed }) => `The resource allows ${allowed.join(", ")}.` },
  ledger_exists: {
    status: 409,
    describe: ({ customerId }) => `Couldn't create a new reward point entry for the customer '${customerId}'`,
  },
  entry_id_taken: { status: 409, describe: ({ id }) => `The id '${id}' already belongs to another entry.` },
  option_exists: { status: 409, describe: ({ id }) => `The id '${id}' already belongs to another redeem option.` },
  option_version_conflict: {
    status: 409,
    describe: ({ id }) =>
      `The resource that was requested for update with id = ${id} has changed. Please retry your request with valid version`,
  },
  mixin_exists: {
    status: 409,
    describe: ({ mixinName, siteCode }) => `Mixin ${mixinName} already exists for site ${siteCode}`,
  },
  payload_too_large: { status: 413, describe: ({ limitBytes }) => `The body is larger than ${limitBytes} bytes.` },
  unsupported_media_type: { status: 415, describe: () => "The body's Content-Type is not the one that is needed." },
  idempotency_key_reused: {
    status: 422,
    describe: () => "The Idempotency-Key was already used for another request.",
  },
  internal: { status: 500, describe: () => "Internal Server Error" },
  overloaded: { status: 503, describe: () => `Too many requests are waiting. ${retryLater}` },
  outcome_unknown: { status: 503, describe: () => `It is not known yet whether it was done. ${retryLater}` },
  unavailable: { status: 503, describe: () => `The service cannot answer at the moment. ${retryLater}` },
  issuer_unavailable: { status: 503, describe: () => "The token's issuer cannot be reached. Try again later." },
};

export const statusOf = (code: FailureCode): FailureStatus => presentations[code].status;

export function describeFailure(failure: Failure): string {
  // The table is exhaustive and each entry takes its own failure, which TypeScript cannot follow through a union.
  const presentation = presentations[failure.code] as Presentation<FailureCode>;
  return presentation.describe(failure);
}

function describeViolations(violations: readonly Violation[]): string {
  const [first] = violations;
  if (first === undefined) return "Invalid request content.";
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : "";
  return `Invalid request content: ${first.field === null ? "" : `${first.field}: `}${first.message}${more}`;
}

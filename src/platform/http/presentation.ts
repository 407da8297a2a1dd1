import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Violation } from "../requests/failure.ts";
import type { EpochMs } from "../values/time.ts";
import type { Failure, FailureCode } from "./failure.ts";

/** The statuses of error answers. */
export type FailureStatus = Extract<
  ContentfulStatusCode,
  400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 | 500 | 503
>;

interface Presentation<Code extends FailureCode> {
  readonly status: FailureStatus;
  /** One sentence for a developer who reads the answer or the documentation. Never an internal message. */
  describe(failure: Extract<Failure, { code: Code }>): string;
}

const retryLater = "Nothing is wrong with the request: send it again, with the same Idempotency-Key.";

/**
 * The status and the message of each failure code. Answers and the OpenAPI document are both made from this table, so
 * they cannot drift apart.
 */
export const presentations: { readonly [Code in FailureCode]: Presentation<Code> } = {
  validation_failed: { status: 400, describe: ({ violations }) => describeViolations(violations) },
  malformed_body: { status: 400, describe: () => "The body is not valid JSON." },
  insufficient_points: {
    status: 400,
    describe: ({ activePoints, requestedPoints }) =>
      `Not enough points: ${activePoints} active, ${requestedPoints} requested.`,
  },
  balance_limit_exceeded: { status: 400, describe: () => "The balance would be too large to keep exactly." },
  created_at_in_future: { status: 400, describe: () => "createdAt lies more than a minute in the future." },
  valid_until_before_created_at: { status: 400, describe: () => "validUntil lies before createdAt." },
  order_earned_by_another: {
    status: 409,
    describe: ({ orderId }) => `Order '${orderId}' has already earned points for another customer.`,
  },
  coupon_refused: {
    status: 400,
    describe: () => "The coupon service refused to issue the coupon. The points have been restored.",
  },
  coupon_return_refused: {
    status: 409,
    describe: () => "The coupon service refused to take the coupon back. The coupon is unchanged.",
  },
  own_coupon_not_found: { status: 404, describe: ({ couponCode }) => `You have no coupon with code ${couponCode}.` },
  exchange_not_found: { status: 404, describe: () => "There is no such exchange." },
  coupon_not_returnable: {
    status: 409,
    describe: ({ status }) => `The coupon cannot be given back: it is ${status}.`,
  },
  give_back_limit_reached: {
    status: 409,
    describe: ({ perDay }) => `No more than ${perDay} coupons can be given back a day. A day ends at midnight UTC.`,
  },
  points_would_be_lost: {
    status: 409,
    describe: ({ lostPoints }) =>
      `${lostPoints} of the coupon's points have expired since and would be lost. Nothing was done. With acceptExpired=true, the coupon is given back for the other points.`,
  },
  redeem_option_without_coupon: {
    status: 400,
    describe: ({ id }) => `Redeem option '${id}' defines no coupon, so it cannot be exchanged.`,
  },
  redeem_option_over: {
    status: 400,
    describe: ({ id }) =>
      `Redeem option '${id}' cannot be exchanged now: its coupon would expire before it could be used.`,
  },
  redeem_option_not_for_customer: {
    status: 400,
    describe: ({ id }) => `Redeem option '${id}' is not for this customer.`,
  },
  rewards_disabled: {
    status: 400,
    describe: ({ siteCode }) => `Reward points are switched off for site '${siteCode}'.`,
  },
  option_limit_reached: { status: 400, describe: ({ limit }) => `A tenant has at most ${limit} redeem options.` },
  option_texts_too_long: {
    status: 400,
    describe: ({ limitBytes }) =>
      `The texts of a tenant's redeem options may have at most ${limitBytes} bytes in total: shorten names and descriptions.`,
  },
  mixin_limit_reached: {
    status: 400,
    describe: ({ siteCode, limit }) =>
      `Site ${siteCode} already has ${limit} mixins, which is the most a site can have.`,
  },
  default_site_needed: {
    status: 400,
    describe: ({ siteCode }) =>
      `Site ${siteCode} is the default site, and a tenant needs one: make another site the default first.`,
  },
  site_limit_reached: { status: 400, describe: ({ limit }) => `A tenant has at most ${limit} sites.` },
  mixins_too_long: {
    status: 400,
    describe: ({ limitCharacters }) =>
      `The mixins of these sites have more than ${limitCharacters} characters together: ask for fewer sites per page.`,
  },
  coupon_used_up: {
    status: 400,
    describe: ({ maxRedemptions }) => `The coupon has been used up: it could be used ${times(maxRedemptions)}.`,
  },
  coupon_expired: {
    status: 400,
    describe: ({ validUntil }) => `The coupon has expired: it was valid until ${isoTime(validUntil)}.`,
  },
  coupon_not_valid_yet: {
    status: 400,
    describe: ({ validFrom }) => `The coupon is not valid yet: it becomes valid at ${isoTime(validFrom)}.`,
  },
  coupon_not_for_anonymous: {
    status: 400,
    describe: () => "The coupon is for customers only: it needs a customerNumber or a signed-in customer's token.",
  },
  coupon_not_for_customer: { status: 400, describe: () => "The coupon is not for this customer." },
  coupon_used_up_by_customer: {
    status: 400,
    describe: ({ maxRedemptionsPerCustomer }) =>
      `The customer has used up the coupon: each could use it ${times(maxRedemptionsPerCustomer)}.`,
  },
  coupon_currency_mismatch: {
    status: 400,
    describe: ({ expected, given }) => `The amounts have different currencies: ${expected} was expected, not ${given}.`,
  },
  coupon_order_too_small: {
    status: 400,
    describe: ({ minOrderValue: { amount, currency } }) =>
      `The coupon is for orders of at least ${amount} ${currency}.`,
  },
  coupon_without_discount: {
    status: 400,
    describe: () =>
      "The coupon would take nothing off the order: the discount is less than the currency's smallest unit.",
  },
  coupon_discount_too_high: {
    status: 400,
    describe: ({ maxDiscount: { amount, currency } }) =>
      `The discount is too high: on this order, the coupon gives at most ${amount} ${currency}.`,
  },
  referral_without_value: {
    status: 400,
    describe: ({ siteCode }) =>
      `Site ${siteCode} gives no referral coupons: its mixin couponSettings has no readable referral.value.`,
  },
  referral_without_currency: {
    status: 400,
    describe: ({ siteCode }) =>
      `Site ${siteCode} says no currency for referral coupons: set couponSettings.referral.currency or the site's currency.`,
  },
  unsupported_grant_type: { status: 400, describe: () => "The only grant_type is client_credentials." },
  invalid_scope: { status: 400, describe: ({ scopes }) => `The client does not have the scopes: ${scopes.join(" ")}.` },
  invalid_token: { status: 401, describe: () => "Invalid access token" },
  invalid_signature: { status: 401, describe: () => "The event's signature is missing or wrong." },
  invalid_client: { status: 401, describe: () => "The client is unknown, or its secret is wrong." },
  missing_scope: { status: 403, describe: ({ scopes }) => `Missing required scopes '[${scopes.join(", ")}]'` },
  customer_token_required: { status: 403, describe: () => "A signed-in customer's token is required." },
  customer_mismatch: { status: 403, describe: () => "A customer's token cannot be used for another customer." },
  tenant_mismatch: { status: 403, describe: () => "The token's tenant is not the tenant that the request names." },
  route_not_found: { status: 404, describe: () => "There is no such resource." },
  ledger_not_found: {
    status: 404,
    describe: ({ customerId }) => `No reward points found for customer ${customerId}`,
  },
  redeem_option_not_found: { status: 404, describe: ({ id }) => `Redeem option '${id}' was not found.` },
  option_not_found: { status: 404, describe: ({ id }) => `Redeem option '${id}' was not found.` },
  coupon_not_found: { status: 404, describe: ({ couponCode }) => `Coupon with code ${couponCode} not found.` },
  coupon_use_not_found: { status: 404, describe: ({ id }) => `Coupon redemption with id ${id} not found.` },
  site_not_found: { status: 404, describe: ({ siteCode }) => `Couldn't find a site with code '${siteCode}'` },
  mixin_not_found: { status: 404, describe: ({ mixinName }) => `Mixin with name '${mixinName}' could not be found` },
  event_not_found: {
    status: 404,
    describe: ({ id }) => `Event '${id}' was not found; it may still be waiting to be processed.`,
  },
  method_not_allowed: { status: 405, describe: ({ allowed }) => `The resource allows ${allowed.join(", ")}.` },
  event_forgotten: {
    status: 409,
    describe: ({ id }) => `Event '${id}' cannot be processed again: its customer has been erased.`,
  },
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
  coupon_exists: { status: 409, describe: ({ couponCode }) => `There is already a coupon with code ${couponCode}.` },
  coupon_version_conflict: {
    status: 409,
    describe: ({ couponCode }) => `Coupon ${couponCode} has changed: read it again and send its metadata.version.`,
  },
  coupon_would_be_worse: {
    status: 409,
    describe: ({ couponCode, members }) =>
      `Points have bought coupon ${couponCode}, and it would be worth less to its owner: ${members.join(", ")}. With allowWorse=true, it is changed all the same.`,
  },
  coupon_owner_stays: {
    status: 409,
    describe: ({ couponCode }) => `Points have bought coupon ${couponCode}: it cannot be issued to somebody else.`,
  },
  settings_kept_upstream: {
    status: 409,
    describe: () => "Sites and their reward settings are kept in Emporix's Site Settings service: change them there.",
  },
  site_exists: { status: 409, describe: ({ siteCode }) => `Site ${siteCode} already exists` },
  site_version_conflict: {
    status: 409,
    describe: ({ siteCode }) => `Site ${siteCode} has changed: read it again and send its metadata.version.`,
  },
  mixin_exists: {
    status: 409,
    describe: ({ mixinName, siteCode }) => `Mixin ${mixinName} already exists for site ${siteCode}`,
  },
  coupon_order_conflict: {
    status: 409,
    describe: ({ orderCode }) => `Order '${orderCode}' has already used the coupon, with other amounts.`,
  },
  payload_too_large: { status: 413, describe: ({ limitBytes }) => `The body is larger than ${limitBytes} bytes.` },
  unsupported_media_type: {
    status: 415,
    describe: ({ mediaTypes }) => `The body must have the Content-Type ${mediaTypes.join(" or ")}, in UTF-8.`,
  },
  idempotency_key_reused: {
    status: 422,
    describe: () => "The Idempotency-Key was already used for another request.",
  },
  rate_limited: {
    status: 429,
    describe: ({ retryAfterSeconds }) => `Too many requests. Try again in ${retryAfterSeconds} seconds.`,
  },
  coupon_unreadable: {
    status: 500,
    describe: ({ couponCode }) =>
      `The stored coupon '${couponCode}' cannot be read. Nothing was done. The merchant must have it repaired.`,
  },
  ledger_unsound: {
    status: 500,
    describe: () =>
      "The ledger's books do not add up. Nothing was done, and nothing will be until an operator has looked into it.",
  },
  internal: { status: 500, describe: () => "Internal Server Error" },
  overloaded: { status: 503, describe: () => `Too many requests are waiting. ${retryLater}` },
  outcome_unknown: {
    status: 503,
    describe: () => `It is not known yet whether the request took effect. ${retryLater}`,
  },
  option_changed: { status: 503, describe: () => `The redeem option is being changed. ${retryLater}` },
  unavailable: { status: 503, describe: () => `The service cannot answer at the moment. ${retryLater}` },
  tenant_moving: {
    status: 503,
    describe: () => `The tenant's data is being moved. Nothing can be changed for a few minutes. ${retryLater}`,
  },
  issuer_unavailable: { status: 503, describe: () => "The token's issuer cannot be reached. Try again later." },
};

export const statusOf = (code: FailureCode): FailureStatus => presentations[code].status;

export function describeFailure(failure: Failure): string {
  // The table is exhaustive and each entry takes its own failure, which TypeScript cannot follow through a union.
  const presentation = presentations[failure.code] as Presentation<FailureCode>;
  return presentation.describe(failure);
}

const times = (count: number): string => (count === 1 ? "once" : `${count} times`);

const isoTime = (at: EpochMs): string => new Date(at).toISOString();

function describeViolations(violations: readonly Violation[]): string {
  const [first] = violations;
  if (first === undefined) return "Invalid request content.";
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : "";
  return `Invalid request content: ${first.field === null ? "" : `${first.field}: `}${first.message}${more}`;
}

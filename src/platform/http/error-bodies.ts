import type { CouponRefusal } from "../../coupons/rules/coupon-use.ts";
import type { Failure } from "./failure.ts";
import { describeFailure, type FailureStatus, statusOf } from "./presentation.ts";

/** Which of the published contracts a path belongs to: each has error shapes of its own. */
export type ErrorFamily = "rewards" | "typed" | "sites" | "oauth";

export function errorFamilyOf(path: string): ErrorFamily {
  if (path.startsWith("/coupon/")) return "typed";
  if (path.startsWith("/site/")) return "sites";
  return path.startsWith("/oauth/") || path.startsWith("/customerlogin/") ? "oauth" : "rewards";
}

const titles: Readonly<Record<FailureStatus, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/**
 * The body of the error answer for `failure`. It has the shape that the family's contract gives to the status, and also
 * the failure's code.
 * @param path the request's path
 * @param now the moment of the answer, ISO 8601
 */
export function errorBody(failure: Failure, path: string, now: string): object {
  const body = contractBody(failure, path, now);
  return { ...body, [codeMember(body)]: failure.code };
}

/** `code`, unless the contract already has a member of that name: the body of a 403 has one, for the status. */
const codeMember = (contractMembers: object): "code" | "errorCode" =>
  Object.hasOwn(contractMembers, "code") ? "errorCode" : "code";

function contractBody(failure: Failure, path: string, now: string): object {
  const status = statusOf(failure.code);
  // Every family refuses a token alike. In the contracts, the gateway does so before a service's own shapes apply.
  if (failure.code === "invalid_token") return fault(describeFailure(failure), "oauth.v2.InvalidAccessToken");
  if (failure.code === "invalid_signature") return fault(describeFailure(failure), "webhook.InvalidSignature");
  switch (errorFamilyOf(path)) {
    case "typed":
      return typedBody(failure, status);
    case "sites":
      return siteBody(failure, status);
    case "oauth":
      return oauthBody(failure, status);
    case "rewards":
      return rewardsBody(failure, status, path, now);
  }
}

const fault = (faultstring: string, errorcode: string) => ({ fault: { faultstring, detail: { errorcode } } });

function rewardsBody(failure: Failure, status: FailureStatus, path: string, now: string): object {
  const message = describeFailure(failure);
  switch (status) {
    case 403:
      return { code: status, status: titles[status], message: accessMessage(failure), details: [message] };
    case 404:
      return { type: "resource_not_found", status, message, details: [] };
    case 409:
      return conflictBody(failure, message);
    case 500:
    case 503:
      return { timestamp: now, status, error: message, path };
    default: {
      const details = failure.code === "validation_failed" ? { details: failure.violations } : {};
      return { type: "about:blank", title: titles[status], status, detail: message, instance: path, ...details };
    }
  }
}

const accessMessage = (failure: Failure): string =>
  failure.code === "missing_scope" ? "Scope validation failed" : "Access denied";

/** The contract's two shapes of a conflict: one for entries, one for redeem options. */
function conflictBody(failure: Failure, message: string): object {
  if (failure.code === "option_version_conflict") {
    return { status: 409, message: "RedeemOption not Updated", details: { message } };
  }
  return {
    status: 409,
    type: failure.code,
    message: failure.code === "ledger_exists" ? "New Reward Point Entry not Created" : titles[409],
    moreInfo: "",
    details: [{ field: null, type: null, message, moreInfo: "" }],
  };
}

/** The `type` of each status in the Coupon and Site Settings contracts. */
const types: Readonly<Record<FailureStatus, string>> = {
  400: "validation_violation",
  401: "unauthorized",
  403: "insufficient_permissions",
  404: "resource_not_found",
  405: "method_not_allowed",
  409: "conflict_resource",
  413: "payload_too_large",
  415: "unsupported_media_type",
  422: "unprocessable_content",
  429: "too_many_requests",
  500: "internal_service_error",
  503: "service_unavailable",
};

type RefusedUse = { readonly [Code in CouponRefusal["code"]]: Extract<Failure, { code: Code }> };

/** Why a coupon cannot be used, in the words that published clients of the Coupon API compare with. */
const useRefusals: { readonly [Code in keyof RefusedUse]: string | ((failure: RefusedUse[Code]) => string) } = {
  coupon_used_up: "coupon_redemptions_exceeded",
  coupon_used_up_by_customer: "coupon_redemptions_exceeded",
  coupon_expired: "coupon_expired",
  coupon_not_valid_yet: "coupon_not_active",
  coupon_not_for_anonymous: "coupon_redemption_forbidden",
  coupon_not_for_customer: "coupon_redemption_forbidden",
  coupon_order_too_small: "coupon_order_total_too_low",
  coupon_currency_mismatch: ({ of }) =>
    of === "orderTotal" ? "coupon_currency_incorrect" : "coupon_discount_currency_incorrect",
  coupon_without_discount: "coupon_discount_amount_incorrect",
  coupon_discount_too_high: "coupon_discount_amount_incorrect",
};

/** The published word for a refused use of a coupon; null for every other failure. */
function useRefusalOf(failure: Failure): string | null {
  if (!Object.hasOwn(useRefusals, failure.code)) return null;
  // Each entry takes its own failure, which TypeScript cannot follow through a union.
  const word = useRefusals[failure.code as keyof RefusedUse] as string | ((failure: Failure) => string);
  return typeof word === "string" ? word : word(failure);
}

function typedBody(failure: Failure, status: FailureStatus): object {
  const message = describeFailure(failure);
  const refusal = useRefusalOf(failure);
  if (refusal !== null) {
    return { type: "business_error", status, message, details: [{ type: refusal, message, moreInfo: "" }] };
  }
  const base = { type: types[status], status, message };
  if (status !== 400) return base;
  if (failure.code !== "validation_failed")
    return { ...base, details: [{ type: failure.code, message, moreInfo: "" }] };
  return {
    ...base,
    message: "The request violates validation constraints.",
    details: failure.violations.map((violation) => ({
      ...(violation.field === null ? {} : { field: violation.field }),
      type: violation.type,
      message: violation.message,
      moreInfo: "",
    })),
  };
}

/**
 * The Site Settings contract has shapes of its own for 403 and for a site that is not there. Every body has details,
 * because published clients show the first one's message.
 */
function siteBody(failure: Failure, status: FailureStatus): object {
  const message = describeFailure(failure);
  if (status === 403) {
    const needed =
      failure.code === "missing_scope" ? `Missing required scopes [${failure.scopes.join(", ")}]` : message;
    return { type: "Forbidden", status, message: "User not authorized", details: [{ message: needed, moreInfo: "" }] };
  }
  const details = [{ message, moreInfo: "" }];
  if (failure.code === "site_not_found") {
    return { type: types[status], status, message: "Site not Found", moreInfo: "", details };
  }
  return { details, ...typedBody(failure, status) };
}

/** Codes that have the same names in RFC 6749, section 5.2. */
const oauthErrors: ReadonlySet<string> = new Set(["invalid_client", "invalid_scope", "unsupported_grant_type"]);

function oauthBody(failure: Failure, status: FailureStatus): object {
  const otherwise = status === 429 || status >= 500 ? "temporarily_unavailable" : "invalid_request";
  const error = oauthErrors.has(failure.code) ? failure.code : otherwise;
  return { error, error_description: describeFailure(failure) };
}

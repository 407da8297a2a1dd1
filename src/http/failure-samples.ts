import type { Failure, FailureCode } from "../application/failure.ts";
import type { CustomerId, EntryId, RedeemOptionId, SiteCode } from "../domain/identifiers.ts";
import { bodyBytesMax } from "./middleware/json-body.ts";

const redeemOptionId = "5f905280df6b3b0013b6c541" as RedeemOptionId;

/** One failure of each code, for the examples in the OpenAPI document. */
export const failureSamples: { readonly [Code in FailureCode]: Extract<Failure, { code: Code }> } = {
  validation_failed: {
    code: "validation_failed",
    violations: [{ field: "points", message: "Invalid input: expected number, received string", type: "invalid_type" }],
  },
  malformed_body: { code: "malformed_body" },
  insufficient_points: { code: "insufficient_points", activePoints: 20, requestedPoints: 90 },
  balance_limit_exceeded: { code: "balance_limit_exceeded" },
  created_at_in_future: { code: "created_at_in_future" },
  valid_until_before_created_at: { code: "valid_until_before_created_at" },
  redeem_option_without_coupon: { code: "redeem_option_without_coupon", id: redeemOptionId },
  rewards_disabled: { code: "rewards_disabled", siteCode: "main" as SiteCode },
  option_limit_reached: { code: "option_limit_reached", limit: 500 },
  invalid_scope: { code: "invalid_scope", scopes: ["site.site_manage"] },
  unsupported_grant_type: { code: "unsupported_grant_type" },
  invalid_token: { code: "invalid_token", reason: "expired" },
  invalid_client: { code: "invalid_client" },
  missing_scope: {
    code: "missing_scope",
    scopes: ["rewardspoints.rewardpoints_view", "saasag.rewardpoints_view"],
  },
  customer_token_required: { code: "customer_token_required" },
  tenant_mismatch: { code: "tenant_mismatch" },
  route_not_found: { code: "route_not_found" },
  ledger_not_found: { code: "ledger_not_found", customerId: "202429132" },
  redeem_option_not_found: { code: "redeem_option_not_found", id: redeemOptionId },
  option_not_found: { code: "option_not_found", id: redeemOptionId },
  coupon_not_found: { code: "coupon_not_found", couponCode: "RP-0G7R3MWX9C2K" },
  mixin_not_found: { code: "mixin_not_found", mixinName: "couponSettings" },
  method_not_allowed: { code: "method_not_allowed", allowed: ["GET", "POST"] },
  ledger_exists: { code: "ledger_exists", customerId: "20242913" as CustomerId },
  entry_id_taken: { code: "entry_id_taken", id: "12345fee-0b83-48aa-95dc-11e3dcf84aaa" as EntryId },
  option_exists: { code: "option_exists", id: redeemOptionId },
  option_version_conflict: { code: "option_version_conflict", id: redeemOptionId },
  mixin_exists: { code: "mixin_exists", mixinName: "couponSettings", siteCode: "main" },
  mixin_limit_reached: { code: "mixin_limit_reached", siteCode: "main", limit: 100 },
  payload_too_large: { code: "payload_too_large", limitBytes: bodyBytesMax },
  unsupported_media_type: { code: "unsupported_media_type" },
  idempotency_key_reused: { code: "idempotency_key_reused" },
  internal: { code: "internal" },
  overloaded: { code: "overloaded" },
  outcome_unknown: { code: "outcome_unknown" },
  unavailable: { code: "unavailable" },
  issuer_unavailable: { code: "issuer_unavailable" },
};

import { isCurrency } from "../../platform/values/currency.ts";
import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";

/** The member of the site mixin `couponSettings` that switches referral coupons on. */
export const referralMember = "referral";

/** What a referral coupon takes off the order of whoever uses it. */
export interface ReferralTerms {
  /** What its code begins with. */
  readonly codePrefix: string;
  /** In units of the currency. */
  readonly amount: number;
  /** ISO 4217 code; null: the site's currency. */
  readonly currency: string | null;
}

const prefixPattern = /^[A-Za-z0-9_-]{1,16}$/;

/** What is wrong with a member of `couponSettings.referral`. Never contains the given value. */
export interface ReferralProblem {
  readonly member: "codePrefix" | "value" | "currency" | null;
  readonly requirement: string;
}

/** What is wrong with `couponSettings.referral`. */
export function referralProblems(given: unknown): readonly ReferralProblem[] {
  if (!isJsonObject(given)) return [{ member: null, requirement: "must be an object" }];
  const { codePrefix, value, currency } = given;
  const problems: ReferralProblem[] = [];
  if (codePrefix !== undefined && !(typeof codePrefix === "string" && prefixPattern.test(codePrefix))) {
    problems.push({ member: "codePrefix", requirement: "must be 1 to 16 of A-Z, a-z, 0-9, _ and -" });
  }
  const isAmount =
    value === undefined ||
    (typeof value === "number" && (value === 0 || (value >= 0.01 && value <= Number.MAX_SAFE_INTEGER)));
  if (!isAmount) {
    problems.push({
      member: "value",
      requirement: "must be an amount of at least 0.01, or 0 or nothing for no referral coupons",
    });
  }
  if (currency !== undefined && !(typeof currency === "string" && isCurrency(currency))) {
    problems.push({ member: "currency", requirement: "must be the ISO 4217 code of a currency, such as EUR" });
  }
  return problems;
}

/** The terms in a mixin `couponSettings`; null when there are none, or they cannot be read. */
export function referralOf(mixin: JsonObject | null): ReferralTerms | null {
  const given = mixin?.[referralMember];
  if (!isJsonObject(given) || referralProblems(given).length > 0) return null;
  const {
    codePrefix = "REF",
    value,
    currency = null,
  } = given as {
    readonly codePrefix?: string;
    readonly value: number;
    readonly currency?: string;
  };
  return value === 0 ? null : { codePrefix, amount: value, currency };
}

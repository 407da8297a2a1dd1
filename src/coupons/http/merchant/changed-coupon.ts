import { z } from "@hono/zod-openapi";
import type { KeptCoupon } from "../../../ledger/rules/exchange/coupon.ts";
import type { FailureCode } from "../../../platform/http/failure.ts";
import { deferredMembers } from "../../../platform/http/schemas/deferred.ts";
import { flag } from "../../../platform/http/schemas/list-query.ts";
import { violationsOf } from "../../../platform/http/schemas/violations.ts";
import { mergePatch } from "../../../platform/values/json-merge-patch.ts";
import type { JsonObject } from "../../../platform/values/json-object.ts";
import type { Principal } from "../../../platform/values/principal.ts";
import { refuse, succeed } from "../../../platform/values/result.ts";
import type { EpochMs } from "../../../platform/values/time.ts";
import type { ChangeCouponInput } from "../../use-cases/change-coupon.ts";
import { couponToWire } from "../coupon-schemas.ts";
import { merchantCoupon } from "./merchant-coupon-schemas.ts";

export const couponChangeQuery = z.object(
  deferredMembers({
    allowWorse: () =>
      flag("true: change the coupon even if points have bought it and it becomes worth less to its owner."),
  }),
);

export const couponReplacementQuery = couponChangeQuery.extend(
  deferredMembers({
    partial: () => flag("true: change only what is given, as PATCH does."),
  }),
);

export const couponChangeFailures: readonly FailureCode[] = [
  "coupon_not_found",
  "coupon_version_conflict",
  "coupon_would_be_worse",
  "coupon_owner_stays",
  "outcome_unknown",
];

/** The members that say what a coupon takes off. A replacement without them leaves the discount as it is. */
const discountMembers = ["discountType", "discountPercentage", "discountAbsolute"] as const;

/** The coupon as a manager reads it, with the members of `body` in it. */
export const merged =
  (body: JsonObject, viewer: Principal, now: EpochMs): ChangeCouponInput["changed"] =>
  (coupon) =>
    parsed(mergePatch(couponToWire(coupon, now, viewer), body), body);

/** What `body` says of the coupon, and nothing of what was there but the discount, if it says none. */
export const replaced =
  (body: JsonObject, viewer: Principal, now: EpochMs): ChangeCouponInput["changed"] =>
  (coupon) => {
    const saysDiscount = discountMembers.some((member) => Object.hasOwn(body, member));
    return parsed({ ...(saysDiscount ? {} : discountIn(coupon, viewer, now)), ...body }, body);
  };

function discountIn(coupon: KeptCoupon, viewer: Principal, now: EpochMs): JsonObject {
  const wire: JsonObject = couponToWire(coupon, now, viewer);
  return Object.fromEntries(discountMembers.flatMap((member) => (member in wire ? [[member, wire[member]]] : [])));
}

/** @param body an owner, or a version, that it does not name is no part of the change */
function parsed(document: unknown, body: JsonObject): ReturnType<ChangeCouponInput["changed"]> {
  const coupon = merchantCoupon().safeParse(document);
  if (!coupon.success) return refuse({ code: "validation_failed", violations: violationsOf(coupon.error) });
  const { definition, holder, version } = coupon.data;
  const metadata = body["metadata"];
  const namesVersion = typeof metadata === "object" && metadata !== null && "version" in metadata;
  return succeed({
    definition,
    holder: Object.hasOwn(body, "issuedTo") ? holder : undefined,
    version: namesVersion ? version : null,
  });
}

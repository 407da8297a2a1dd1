import type { Access } from "../../../access/rules/access.ts";
import { customerId, tenantParams } from "../../../platform/http/schemas/common.ts";
import { deferredMembers } from "../../../platform/http/schemas/deferred.ts";

/** A customer, for their own referral coupon, or a manager of coupons. */
export const referralAccess: Access = { kind: "customer-or-employee", scopes: ["coupon.coupon_manage"] };

export const referralParams = tenantParams.extend(
  deferredMembers({
    customerNumber: () =>
      customerId().openapi({
        param: { name: "customerNumber", in: "path" },
        description: "The customer's id.",
        example: "C1001",
      }),
  }),
);

import { z } from "@hono/zod-openapi";
import type { CouponFilter } from "../../application/ports.ts";
import { canonicalCouponCode } from "../../domain/coupon.ts";
import { customerId, nonEmptyText, tenantParams } from "./common.ts";
import { deferredMembers } from "./deferred.ts";
import { eachOnce, flag, pagingMembers, simpleQuery, sortedBy } from "./list-query.ts";

export const couponParams = tenantParams.extend(
  deferredMembers({
    code: () =>
      nonEmptyText(128).openapi({
        param: { name: "code", in: "path" },
        description:
          "The coupon's code, as an exchange or a list of coupons tells it; case, hyphens and look-alike characters do not matter.",
      }),
  }),
);

const fields = {
  issuedTo: () => customerId().optional(),
  code: () => nonEmptyText(128).optional(),
  status: () => z.enum(["INACTIVE", "VALID", "EXPIRED", "USED"]).optional(),
};

export const couponsQuery = z
  .object(
    deferredMembers({
      ...fields,
      issuedTo: () => fields.issuedTo().openapi({ description: "The customer who exchanged points for it." }),
      q: () => simpleQuery(fields),
      showDeleted: () => flag("true: with coupons that were deleted; not for customers."),
      sort: () => sortedBy("issuedAt", "code"),
      ...pagingMembers,
    }),
  )
  .superRefine(eachOnce);

/** What the list is narrowed to. */
export function couponFilterOf({ q = {}, showDeleted, ...given }: z.output<typeof couponsQuery>): CouponFilter {
  const code = given.code ?? q.code;
  return {
    issuedTo: given.issuedTo ?? q.issuedTo ?? null,
    code: code === undefined ? null : canonicalCouponCode(code),
    status: given.status ?? q.status ?? null,
    includeDeleted: showDeleted,
  };
}

import { z } from "@hono/zod-openapi";
import { canonicalCouponCode, couponCodeLengthMax } from "../../ledger/rules/exchange/coupon.ts";
import { customerId, nonEmptyText, tenantParams } from "../../platform/http/schemas/common.ts";
import { deferredMembers } from "../../platform/http/schemas/deferred.ts";
import { eachOnce, flag, pagingMembers, simpleQuery, sortedBy } from "../../platform/http/schemas/list-query.ts";
import type { CouponFilter } from "../use-cases/ports.ts";

/** A code as it was typed or pasted. */
const couponCode = () => nonEmptyText(couponCodeLengthMax);

export const couponParams = tenantParams.extend(
  deferredMembers({
    code: () =>
      couponCode().openapi({
        param: { name: "code", in: "path" },
        description:
          "The coupon's code, as typed or pasted: case, blanks, dashes, full-width and look-alike characters do not matter.",
      }),
  }),
);

const fields = {
  issuedTo: () => customerId().optional(),
  code: () => couponCode().optional(),
  status: () => z.enum(["INACTIVE", "VALID", "EXPIRED", "USED"]).optional(),
};

export const couponsQuery = z
  .object(
    deferredMembers({
      ...fields,
      issuedTo: () => fields.issuedTo().openapi({ description: "The customer who exchanged points for it." }),
      q: () => simpleQuery(fields),
      showDeleted: () => flag("true: include deleted coupons. Has no effect for customers."),
      sort: () => sortedBy("issuedAt", "code"),
      ...pagingMembers,
    }),
  )
  .superRefine(eachOnce);

/** The filters that the parameters and `q` set together. */
export function couponFilterOf({ q = {}, showDeleted, ...given }: z.output<typeof couponsQuery>): CouponFilter {
  const code = given.code ?? q.code;
  return {
    issuedTo: given.issuedTo ?? q.issuedTo ?? null,
    code: code === undefined ? null : canonicalCouponCode(code),
    status: given.status ?? q.status ?? null,
    includeDeleted: showDeleted,
  };
}

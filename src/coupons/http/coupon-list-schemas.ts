import { z } from "@hono/zod-openapi";
import { type CouponStatus, canonicalCouponCode, couponCodeLengthMax } from "../../ledger/rules/exchange/coupon.ts";
import { customerId, nonEmptyText, tenantParams } from "../../platform/http/schemas/common.ts";
import { deferredMembers } from "../../platform/http/schemas/deferred.ts";
import {
  eachOnce,
  flag,
  listQuery,
  onlyValue,
  pagingMembers,
  type QueryTerm,
  sortedBy,
} from "../../platform/http/schemas/list-query.ts";
import type { CustomerId } from "../../platform/values/identifiers.ts";
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

const issuedTo = () => customerId().optional();
const status = () => z.enum(["INACTIVE", "VALID", "EXPIRED", "USED"]);

export const couponsQuery = z
  .object(
    deferredMembers({
      issuedTo: () => issuedTo().openapi({ description: "The customer who exchanged points for it." }),
      code: () => couponCode().optional(),
      status: () => status().optional(),
      q: () =>
        listQuery({
          issuedTo: { value: customerId },
          code: { value: couponCode, several: true },
          status: { value: status },
          name: { value: z.string, several: true, part: true },
          discountType: { value: z.string, several: true },
          "restrictions.validFor": { value: customerId },
        }),
      showDeleted: () => flag("true: include deleted coupons. Has no effect for customers."),
      sort: () => sortedBy("issuedAt", "code", "name"),
      ...pagingMembers,
    }),
  )
  .superRefine(eachOnce);

/** The filters that the parameters and `q` set together. */
export function couponFilterOf({ q = {}, showDeleted, ...given }: z.output<typeof couponsQuery>): CouponFilter {
  const codes = given.code === undefined ? valuesOf(q.code) : [given.code];
  const validFor = onlyValue(q["restrictions.validFor"]);
  return {
    issuedTo: given.issuedTo ?? (onlyValue(q.issuedTo) as CustomerId | null),
    boughtBy: null,
    codes: codes?.map(canonicalCouponCode) ?? null,
    status: given.status ?? (onlyValue(q.status) as CouponStatus | null),
    name: q.name ?? null,
    discountTypes: valuesOf(q.discountType),
    validFor: validFor as CustomerId | null,
    includeDeleted: showDeleted,
  };
}

const valuesOf = (term: QueryTerm | undefined): readonly string[] | null =>
  term !== undefined && "isOneOf" in term ? term.isOneOf : null;

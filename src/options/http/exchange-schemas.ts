import { z } from "@hono/zod-openapi";
import { nonEmptyText } from "../../platform/http/schemas/common.ts";
import { deferred } from "../../platform/http/schemas/deferred.ts";

/** `redeemOptionIn`; also accepts the name that a published storefront client uses for the id. */
export const exchangeIn = z
  .object({
    id: nonEmptyText(128).optional().openapi({ description: "The redeem option's id." }),
    redeemOptionId: nonEmptyText(128).optional().openapi({ description: "Another name for id." }),
  })
  .transform((body, context) => {
    const id = body.id ?? body.redeemOptionId;
    if (id === undefined) context.addIssue({ code: "custom", path: ["id"], message: "is required" });
    return id ?? z.NEVER;
  })
  .openapi("redeemOptionIn", {
    anyOf: [{ required: ["id"] }, { required: ["redeemOptionId"] }],
    example: { id: "ten-percent" },
  });

export const couponCodeOut = deferred(() =>
  z.object({ code: z.string() }).openapi("CouponCode", { example: { code: "LLS-0G7R3MWX9C2K" } }),
);

import type { RedeemOptionId } from "../../platform/values/identifiers.ts";
import type { Context } from "./context.ts";

/** Deletes a redeem option; succeeds, too, when there is none. Coupons already issued stay valid. */
export const deleteRedeemOption = ({ services, principal }: Context, id: RedeemOptionId): Promise<void> =>
  services.redeemOptions.remove(principal.tenant, id);

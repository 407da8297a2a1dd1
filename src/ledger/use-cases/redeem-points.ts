import type { CustomerId, EntryId } from "../../platform/values/identifiers.ts";
import type { Points } from "../rules/points.ts";
import type { Context } from "./context.ts";
import type { LedgerAnswer } from "./ports.ts";
import { sendCommand } from "./send-command.ts";

/** Takes points from a customer by hand, without a coupon in return. */
export function redeemPoints(
  context: Context,
  input: {
    readonly customerId: CustomerId;
    readonly id: EntryId | null;
    readonly points: Points;
    readonly description: string | null;
  },
): Promise<LedgerAnswer<"redeem">> {
  const { customerId, ...redemption } = input;
  return sendCommand(context, customerId, { kind: "redeem", ...redemption }, redemption);
}

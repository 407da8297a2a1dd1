import type { Context as HonoContext } from "hono";
import type { z } from "zod";
import { listRedeemOptions } from "../application/list-redeem-options.ts";
import { type AppEnv, contextOf } from "./app-env.ts";
import { orRefuse } from "./refused.ts";
import { type redeemOptionsOut, redeemOptionToWire } from "./schemas/redeem-option.ts";

/** The caller's redeem options, in the contract's words. */
export async function redeemOptionsFor(c: HonoContext<AppEnv>): Promise<z.output<typeof redeemOptionsOut>> {
  const context = contextOf(c);
  const now = context.services.clock.now();
  return orRefuse(await listRedeemOptions(context)).map((option) => redeemOptionToWire(option, now, context.principal));
}

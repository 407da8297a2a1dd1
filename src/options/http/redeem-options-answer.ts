import type { Context as HonoContext } from "hono";
import type { z } from "zod";
import { type AppEnv, contextOf } from "../../platform/http/app-env.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { listRedeemOptions } from "../use-cases/list-redeem-options.ts";
import { type redeemOptionsOut, redeemOptionToWire } from "./redeem-option-schemas.ts";

/** The caller's redeem options, in the contract's words. */
export async function redeemOptionsFor(c: HonoContext<AppEnv>): Promise<z.output<typeof redeemOptionsOut>> {
  const context = contextOf(c);
  const now = context.services.clock.now();
  return orRefuse(await listRedeemOptions(context)).map((option) => redeemOptionToWire(option, now, context.principal));
}

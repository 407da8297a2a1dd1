import { createRoute } from "@hono/zod-openapi";
import { managers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import {
  failures,
  failuresOf,
  jsonAnswer,
  jsonBody,
  keyedValue,
  operation,
  replayedHeader,
} from "../../platform/http/operation.ts";
import { idempotencyHeaders, tenantParams } from "../../platform/http/schemas/common.ts";
import { createRedeemOption } from "../use-cases/create-redeem-option.ts";
import { redeemOptionIn, redeemOptionsOut, redeemOptionToWire } from "./redeem-option-schemas.ts";

const path = "/reward-points/{tenant}/redeemOptions";

const route = createRoute({
  method: "post",
  path,
  ...operation({ operationId: "POST-reward-points-create-redeem-options", access: managers, accepts: "optional-json" }),
  tags: ["Redeem Options Management"],
  summary: "Create a redeem option",
  description:
    "Adds something that points can buy, and answers with all of the tenant's options. A coupon that nobody could use is refused: one that is over, takes nothing off, names no currency, or has unsupported restrictions. A tenant has at most 500 options, of 2 MB in all.",
  request: { params: tenantParams, headers: idempotencyHeaders, body: jsonBody(redeemOptionIn) },
  responses: {
    200: { ...jsonAnswer("All options, the new one included.", redeemOptionsOut), headers: replayedHeader },
    ...failures(
      path,
      managers,
      ...failuresOf.jsonBody,
      "option_exists",
      "option_limit_reached",
      "option_texts_too_long",
      "idempotency_key_reused",
      "outcome_unknown",
    ),
  },
});

export const createTenantRedeemOption = (app: App) =>
  app.openapi(route, async (c) => {
    const context = contextOf(c, c.req.valid("header")["idempotency-key"]);
    const { id, terms } = c.req.valid("json");
    const now = context.services.clock.now();
    const answer = await createRedeemOption(context, { id, terms }, (options) =>
      JSON.stringify(options.map((option) => redeemOptionToWire(option, now, context.principal))),
    );
    return c.body(keyedValue(c, answer), 200, { "Content-Type": "application/json" }) as never;
  });

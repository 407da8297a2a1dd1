import { createRoute } from "@hono/zod-openapi";
import { managers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, failuresOf, jsonAnswer, jsonBody, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { updateRedeemOption } from "../use-cases/update-redeem-option.ts";
import { redeemOptionIn, redeemOptionOut, redeemOptionParams, redeemOptionToWire } from "./redeem-option-schemas.ts";

const path = "/reward-points/{tenant}/redeemOptions/{redeemOptionId}";

const route = createRoute({
  method: "put",
  path,
  ...operation({ operationId: "PUT-reward-points-update-redeem-option", access: managers, accepts: "json" }),
  tags: ["Redeem Options Management"],
  summary: "Replace a redeem option",
  description: "With `metadata.version`, replaces only that version. Coupons already issued do not change.",
  request: { params: redeemOptionParams, body: jsonBody(redeemOptionIn) },
  responses: {
    200: jsonAnswer("The option as it is now.", redeemOptionOut),
    ...failures(
      path,
      managers,
      ...failuresOf.jsonBody,
      "option_not_found",
      "option_version_conflict",
      "option_texts_too_long",
      "outcome_unknown",
    ),
  },
});

export const updateTenantRedeemOption = (app: App) =>
  app.openapi(route, async (c) => {
    const context = contextOf(c);
    const { version, terms } = c.req.valid("json");
    const id = c.req.valid("param").redeemOptionId;
    const option = orRefuse(await updateRedeemOption(context, { id, version, terms }));
    return c.json(redeemOptionToWire(option, context.services.clock.now(), context.principal), 200);
  });

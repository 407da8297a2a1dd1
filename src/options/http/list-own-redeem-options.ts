import { createRoute } from "@hono/zod-openapi";
import { customers } from "../../platform/http/access-rules.ts";
import type { App } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { redeemOptionsOut } from "./redeem-option-schemas.ts";
import { redeemOptionsFor } from "./redeem-options-answer.ts";

const path = "/reward-points/public/customer/redeemOptions";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-list-logged-customer-redeem-options", access: customers }),
  tags: ["Signed-In Customer Reward Points"],
  summary: "List what the signed-in customer's points can buy",
  description:
    "Lists the redeem options that are worth something to the customer now, each with the points that would be left after it. Options whose coupon is over or is for other customers are left out.",
  responses: {
    200: jsonAnswer("The options, cheapest first.", redeemOptionsOut),
    ...failures(path, customers, "overloaded", "ledger_unsound"),
  },
});

export const listOwnRedeemOptions = (app: App) =>
  app.openapi(route, async (c) => c.json(await redeemOptionsFor(c), 200));

import { createRoute } from "@hono/zod-openapi";
import type { App } from "../app-env.ts";
import { failures, jsonAnswer, operation } from "../operation.ts";
import { redeemOptionsFor } from "../redeem-options-answer.ts";
import { redeemOptionsOut } from "../schemas/redeem-option.ts";
import { customers } from "./access-rules.ts";

const path = "/reward-points/public/customer/redeemOptions";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-list-logged-customer-redeem-options", access: customers }),
  tags: ["Signed-In Customer Reward Points"],
  summary: "List what the signed-in customer's points can buy",
  description:
    "The redeem options that are worth something to the customer now, each with the points that would be left after it. Not listed is an option whose coupon is over, or is for other customers.",
  responses: {
    200: jsonAnswer("The options, cheapest first.", redeemOptionsOut),
    ...failures(path, customers, "overloaded", "ledger_unsound"),
  },
});

export const listOwnRedeemOptions = (app: App) =>
  app.openapi(route, async (c) => c.json(await redeemOptionsFor(c), 200));

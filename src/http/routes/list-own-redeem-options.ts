import { createRoute } from "@hono/zod-openapi";
import { listRedeemOptions } from "../../application/list-redeem-options.ts";
import { type App, contextOf } from "../app-env.ts";
import { failures, jsonAnswer, operation } from "../operation.ts";
import { orRefuse } from "../refused.ts";
import { redeemOptionsOut, redeemOptionToWire } from "../schemas/redeem-option.ts";
import { customers } from "./access-rules.ts";

const path = "/reward-points/public/customer/redeemOptions";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-list-logged-customer-redeem-options", access: customers }),
  tags: ["Signed-In Customer Reward Points"],
  summary: "List what the signed-in customer's points can buy",
  description: "All redeem options, each with the points that would be left after it.",
  responses: {
    200: jsonAnswer("The options, cheapest first.", redeemOptionsOut),
    ...failures(path, customers, "overloaded"),
  },
});

export const listOwnRedeemOptions = (app: App) =>
  app.openapi(route, async (c) => {
    const context = contextOf(c);
    const now = context.services.clock.now();
    const options = orRefuse(await listRedeemOptions(context));
    return c.json(
      options.map((option) => redeemOptionToWire(option, now)),
      200,
    );
  });

import { createRoute } from "@hono/zod-openapi";
import { customers } from "../../platform/http/access-rules.ts";
import { type App, customerContextOf } from "../../platform/http/app-env.ts";
import {
  failures,
  failuresOf,
  jsonAnswer,
  jsonBody,
  keyedValue,
  operation,
  replayedHeader,
} from "../../platform/http/operation.ts";
import { idempotencyHeaders, siteQuery } from "../../platform/http/schemas/common.ts";
import type { RedeemOptionId } from "../../platform/values/identifiers.ts";
import { exchange } from "../use-cases/exchange.ts";
import { couponCodeOut, exchangeIn } from "./exchange-schemas.ts";

const path = "/reward-points/public/customer/redeem";

const balanceHeader = {
  "X-Points-Balance": {
    description:
      "The active points right after this exchange. They reveal a second exchange that a double click without an Idempotency-Key has made. Absent when the answer repeats that to an earlier request, which says nothing about the current balance.",
    schema: { type: "integer" as const },
  },
};

const route = createRoute({
  method: "post",
  path,
  ...operation({
    operationId: "POST-reward-points-redeem-logged-customer-reward-points-coupon",
    access: customers,
    accepts: "optional-json",
    commandsLedger: true,
  }),
  tags: ["Signed-In Customer Reward Points"],
  summary: "Exchange points for a coupon code",
  description:
    "Takes the option's points from the signed-in customer and issues its coupon. If the coupon cannot be issued, the points are restored, at once or later. An option cannot be exchanged if its coupon would be over before it could be used or is for other customers.",
  request: { query: siteQuery, headers: idempotencyHeaders, body: jsonBody(exchangeIn) },
  responses: {
    200: { ...jsonAnswer("The coupon's code.", couponCodeOut), headers: { ...replayedHeader, ...balanceHeader } },
    ...failures(
      path,
      customers,
      ...failuresOf.jsonBody,
      ...failuresOf.ledgerWrite,
      "insufficient_points",
      "coupon_refused",
      "option_changed",
      "rewards_disabled",
      "redeem_option_not_found",
      "redeem_option_without_coupon",
      "redeem_option_over",
      "redeem_option_not_for_customer",
    ),
  },
});

export const exchangePoints = (app: App) =>
  app.openapi(route, async (c) => {
    const { siteCode } = c.req.valid("query");
    const context = customerContextOf(c, c.req.valid("header")["idempotency-key"]);
    const redeemOptionId = c.req.valid("json") as RedeemOptionId;
    const answer = await exchange(context, { customerId: context.customerId, redeemOptionId, siteCode });
    const outcome = keyedValue(c, answer);
    if (outcome.kind !== "exchanged") throw new Error(`An exchange had the outcome '${outcome.kind}'.`);
    if (answer.balanceAfter !== undefined) c.header("X-Points-Balance", `${answer.balanceAfter}`);
    return c.json({ code: outcome.couponCode }, 200);
  });

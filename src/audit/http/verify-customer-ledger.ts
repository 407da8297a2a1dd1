import { createRoute } from "@hono/zod-openapi";
import { viewers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { customerParams } from "../../platform/http/schemas/common.ts";
import { verifyLedger } from "../use-cases/verify-ledger.ts";
import { verificationOut, verificationToWire } from "./audit-schemas.ts";

const path = "/reward-points/customer/{customerId}/verify";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-verify-customer-ledger", access: viewers }),
  tags: ["Reward Points Management"],
  summary: "Verify a customer's ledger",
  description:
    "Replays the customer's journal from its first entry, checks the seal of every entry, and compares everything that is stored with the journal. Repairs nothing.",
  request: { params: customerParams },
  responses: {
    200: jsonAnswer("The result of the verification, including any findings.", verificationOut),
    ...failures(path, viewers, "ledger_not_found"),
  },
});

export const verifyCustomerLedger = (app: App) =>
  app.openapi(route, async (c) => {
    const verification = await verifyLedger(contextOf(c), c.req.valid("param").customerId);
    return c.json(verificationToWire(orRefuse(verification)), 200);
  });

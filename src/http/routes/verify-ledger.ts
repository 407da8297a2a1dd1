import { createRoute } from "@hono/zod-openapi";
import { verifyLedger } from "../../application/verify-ledger.ts";
import { type App, contextOf } from "../app-env.ts";
import { failures, jsonAnswer, operation } from "../operation.ts";
import { orRefuse } from "../refused.ts";
import { verificationOut, verificationToWire } from "../schemas/audit.ts";
import { customerParams } from "../schemas/common.ts";
import { viewers } from "./access-rules.ts";

const path = "/reward-points/customer/{customerId}/verify";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-verify-customer-ledger", access: viewers }),
  tags: ["Reward Points Management"],
  summary: "Verify a customer's ledger",
  description:
    "Replays the customer's journal from its first entry, checks every entry's seal, and compares all that is stored with what the journal comes to. Nothing is repaired.",
  request: { params: customerParams },
  responses: {
    200: jsonAnswer("What the verification has come to, also when something is wrong.", verificationOut),
    ...failures(path, viewers, "ledger_not_found"),
  },
});

export const verifyCustomerLedger = (app: App) =>
  app.openapi(route, async (c) => {
    const verification = await verifyLedger(contextOf(c), c.req.valid("param").customerId);
    return c.json(verificationToWire(orRefuse(verification)), 200);
  });

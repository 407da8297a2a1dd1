import type { OperationEntry } from "./operation-entry.ts";
import { wholeNumber } from "./parameters.ts";

const count = { "X-Total-Count": "true" };

/** What the order service tells, and what became of it. */
export const events: Readonly<Record<string, OperationEntry>> = {
  "POST /reward-points/{tenant}/events": {
    callers: "managers",
    request: { json: () => ({ type: "x", payload: {} }) },
    answers: { ok: 202 },
    bodyBytesMax: 1024 * 1024,
    fuzz: { bodies: "order-events", tells: { member: "id", as: "event" } },
  },
  "GET /reward-points/{tenant}/events": {
    callers: "viewers",
    request: {
      query: ({ orderCode, customerId }) => ({
        orderId: orderCode,
        customerId,
        verdict: "ignored",
        pageNumber: "1",
        pageSize: "10",
      }),
      headers: count,
    },
    answers: { ok: 200 },
    parameters: { "query:pageSize": wholeNumber(200) },
    fuzz: { tells: { member: "id", as: "event" } },
    measured: [{}, { name: "with the total", request: { headers: count } }],
  },
  "GET /reward-points/{tenant}/events/{eventId}": { callers: "viewers", answers: { ok: 200, refusals: [404] } },
  "POST /reward-points/{tenant}/events/{eventId}/replay": {
    callers: "managers",
    answers: { ok: 202, refusals: [404, 409] },
  },
};

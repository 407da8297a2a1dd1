import { createHmac } from "node:crypto";
import type { ServiceCall } from "./http-client.ts";

/** The request that sends an event as a webhook does, signed over its body. */
export function signed(tenant: string, event: object, secret: string): ServiceCall {
  const signature = createHmac("sha256", secret).update(JSON.stringify(event)).digest("base64");
  const headers = { "emporix-event-signature": signature };
  return { method: "POST", path: `/reward-points/${tenant}/events`, headers, json: event };
}

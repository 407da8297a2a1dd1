import { managers } from "../../platform/http/access-rules.ts";
import type { Check } from "../../platform/http/checks.ts";
import { requireAccess } from "../../platform/http/middleware/access.ts";
import { Refused } from "../../platform/http/refused.ts";
import { type Actor, parseTenantId } from "../../platform/values/identifiers.ts";

/** The header in which Emporix signs the events that it sends. */
export const signatureHeader = "emporix-event-signature";

/** The actor of an event that has a signature and no token. */
export const webhookActor = "system:webhook" as Actor;

const requireManager = requireAccess(managers);

/**
 * Admits an event's sender with a signature of the tenant, or with a manager's token. Everything given must be right: a
 * good token does not make up for a wrong signature, nor the other way round. Only the token is checked here; the
 * signature by {@link requireSignature}, once the body is known not to be too large.
 */
export const requireEventSender: Check = async (c) => {
  const isSigned = c.req.header(signatureHeader) !== undefined;
  if (!isSigned || c.req.header("Authorization") !== undefined) await requireManager(c);
};

export const requireSignature: Check = async (c) => {
  const signature = c.req.header(signatureHeader);
  if (signature === undefined) return;
  const tenant = parseTenantId(c.req.param("tenant") ?? "");
  const isRight =
    tenant !== null && (await c.get("services").webhookSignatures.verify(tenant, await c.req.text(), signature));
  if (!isRight) {
    c.header("WWW-Authenticate", "Bearer");
    throw new Refused({ code: "invalid_signature" });
  }
  if (c.get("principal") === undefined) {
    c.set("principal", { tenant, customerId: null, scopes: new Set(), actor: webhookActor });
  }
};

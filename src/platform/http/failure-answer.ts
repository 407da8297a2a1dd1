import type { Context as HonoContext } from "hono";
import { HTTPException } from "hono/http-exception";
import { retryAfterSeconds, type Unavailable } from "../requests/failure.ts";
import { errorFacts, outageReason } from "../runtime/error-facts.ts";
import {
  StoreConflict,
  StoreOutcomeUnknown,
  StoreOverloaded,
  StoreUnavailable,
  TenantMoving,
} from "../runtime/store-errors.ts";
import type { AppEnv } from "./app-env.ts";
import { errorBody } from "./error-bodies.ts";
import type { Failure } from "./failure.ts";
import { statusOf } from "./presentation.ts";
import { Refused } from "./refused.ts";
import { timestamp } from "./schemas/common.ts";

/** Seconds after which a client may try again while a tenant is moved, which takes minutes. */
const retryAfterMoveSeconds = 30;

/** Answers a request that an error ended. An unknown error tells the client nothing; the log says where it occurred. */
export function answerError(error: Error, c: HonoContext<AppEnv>): Response {
  if (error instanceof Refused) return answerFailure(c, error.failure);
  if (error instanceof HTTPException && error.status === 400) return answerFailure(c, { code: "malformed_body" });
  if (error instanceof HTTPException && error.status === 415)
    return answerFailure(c, { code: "unsupported_media_type", mediaTypes: ["application/json"] });
  const { log } = c.get("services");
  const facts = {
    requestId: c.get("requestId"),
    tenant: c.get("principal")?.tenant ?? null,
    operation: c.get("operation") ?? null,
  };
  if (error instanceof StoreUnavailable || error instanceof StoreConflict) {
    log.warn("store_unavailable", { ...facts, error: error.name, reason: outageReason(error) });
    return answerFailure(c, outageOf(error));
  }
  log.error("unexpected_error", { ...facts, ...errorFacts(error) });
  return answerFailure(c, { code: "internal" });
}

/** The failure that a client sees when storage does not answer. An undecided conflict has stored nothing. */
function outageOf(error: StoreUnavailable | StoreConflict): Unavailable {
  if (error instanceof StoreOverloaded) return { code: "overloaded" };
  if (error instanceof TenantMoving) return { code: "tenant_moving" };
  return { code: error instanceof StoreOutcomeUnknown ? "outcome_unknown" : "unavailable" };
}

export function answerFailure(c: HonoContext<AppEnv>, failure: Failure): Response {
  const { log, clock } = c.get("services");
  const status = statusOf(failure.code);
  c.set("refusal", failure.code);
  if (failure.code === "invalid_token") {
    log.info("token_refused", { requestId: c.get("requestId"), reason: failure.reason });
    c.header("WWW-Authenticate", "Bearer");
  }
  if (failure.code === "invalid_client") c.header("WWW-Authenticate", "Basic");
  if (failure.code === "method_not_allowed") c.header("Allow", failure.allowed.join(", "));
  if (failure.code === "rate_limited") c.header("Retry-After", String(failure.retryAfterSeconds));
  if (status === 503) {
    c.header("Retry-After", String(failure.code === "tenant_moving" ? retryAfterMoveSeconds : retryAfterSeconds));
  }
  return c.json(errorBody(failure, c.req.path, timestamp(clock.now())), status);
}

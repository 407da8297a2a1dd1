import { type Context, Hono } from "hono";
import type { JWK } from "jose";
import { z } from "zod";
import { sha256Hex } from "../../../src/platform/runtime/sha256.ts";
import {
  type ExchangeOutcome,
  keyPattern,
  meaningOf,
  optionIdLengthMax,
  peerPaths,
  refusalStatus,
  replayedHeader,
} from "../exchange.ts";
import { type SignedInCustomer, TokenCheck } from "../signed-in.ts";

/** What these Workers are given. */
export interface PeerEnv {
  readonly DB: D1Database;
  /** A JSON Web Key. */
  readonly PUBLIC_KEY: string;
}

/** An exchange that is asked for, checked as far as this goes without the database. */
export interface ExchangeRequest extends SignedInCustomer {
  readonly key: string;
  readonly fingerprint: string;
  readonly optionId: string;
}

interface PeerHono {
  readonly Bindings: PeerEnv;
  readonly Variables: { customer: SignedInCustomer };
}

const bodyShape = z.object({ id: z.string().min(1).max(optionIdLengthMax) });
const keyShape = z.string().regex(new RegExp(keyPattern));

const balanceSql = `select coalesce(sum(points - used_points), 0) as points from lots
  where tenant = ?1 and customer_id = ?2 and points > used_points and (valid_until is null or valid_until > ?3)`;

/** A Worker with the two operations; `redeem` does an exchange. */
export function peerApp(
  redeem: (database: D1Database, exchange: ExchangeRequest) => Promise<ExchangeOutcome>,
): Hono<PeerHono> {
  const app = new Hono<PeerHono>();
  let tokens: TokenCheck | null = null;

  app.use(async (c, next) => {
    tokens ??= new TokenCheck(JSON.parse(c.env.PUBLIC_KEY) as JWK);
    const customer = await tokens.customerOf(c.req.header("Authorization"));
    if (customer === null) return c.json({ code: "invalid_token" }, 401);
    c.set("customer", customer);
    return next();
  });

  app.get(peerPaths.balance, async (c) => {
    const { tenant, customerId } = c.get("customer");
    const balance = c.env.DB.prepare(balanceSql).bind(tenant, customerId, Date.now());
    return c.json((await balance.first<number>("points")) ?? 0);
  });

  app.post(peerPaths.redeem, async (c) => {
    const key = keyShape.safeParse(c.req.header("Idempotency-Key"));
    const body = bodyShape.safeParse(await bodyOf(c));
    if (!key.success || !body.success) return c.json({ code: "invalid_request" }, 400);
    const customer = c.get("customer");
    const optionId = body.data.id;
    const fingerprint = await sha256Hex(meaningOf(customer.customerId, optionId));
    const outcome = await redeem(c.env.DB, { ...customer, key: key.data, fingerprint, optionId });
    if (outcome.kind !== "exchanged") return c.json({ code: outcome.kind }, refusalStatus[outcome.kind]);
    if (outcome.replayed) c.header(replayedHeader, "true");
    return c.json({ code: outcome.code });
  });

  return app;
}

/** The body as JSON; undefined when it is none. */
async function bodyOf(c: Context<PeerHono>): Promise<unknown> {
  try {
    return await c.req.json();
  } catch {
    return undefined;
  }
}

/** What is left of an exchange with the same key. */
export interface EarlierExchange {
  readonly fingerprint: string;
  readonly answer: string;
}

/** The answer to an exchange whose key has been used. */
export function answerAgain(earlier: EarlierExchange, { fingerprint }: ExchangeRequest): ExchangeOutcome {
  if (earlier.fingerprint !== fingerprint) return { kind: "idempotency_key_reused" };
  return { kind: "exchanged", code: earlier.answer, replayed: true };
}

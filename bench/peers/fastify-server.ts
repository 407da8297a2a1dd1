import { hash } from "node:crypto";
import Fastify, { type FastifyRequest } from "fastify";
import pg from "pg";
import { uuidv7 } from "uuidv7";
import { z } from "zod";
import {
  type ExchangeOutcome,
  keyPattern,
  meaningOf,
  newCouponCode,
  operationName,
  optionIdLengthMax,
  peerPaths,
  refusalStatus,
  replayedHeader,
} from "./exchange.ts";
import { type SignedInCustomer, TokenCheck } from "./signed-in.ts";

// A process of its own, started by fastify.ts: points and coupons by Fastify and PostgreSQL.

const settings = z
  .object({
    mode: z.enum(["for-update", "stored-function"]),
    host: z.string(),
    user: z.string(),
    database: z.string(),
    connections: z.int().min(1),
    publicKey: z.looseObject({ kty: z.string() }),
  })
  .parse(JSON.parse(process.argv[2] ?? ""));

interface Exchange extends SignedInCustomer {
  readonly key: string;
  readonly fingerprint: string;
  readonly optionId: string;
}

// Points are safe integers; as bigint they would come as text.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
pg.types.setTypeParser(pg.types.builtins.NUMERIC, Number);
const { host, user, database, connections } = settings;
// pipeline: what is asked for together is sent together, and still done in its order.
const poolOptions = { host, user, database, max: connections, idleTimeoutMillis: 0, pipeline: true };
const pool = new pg.Pool(poolOptions);
pool.on("error", (error) => console.error(error));
const tokens = new TokenCheck(settings.publicKey);

// Each statement has a name: a connection prepares it once.
const lockCustomer = {
  name: "lock-customer",
  text: "select 1 from customers where tenant = $1 and id = $2 for update",
};
const readExchange = {
  name: "read-exchange",
  text: `select o.points as price, o.coupon, r.fingerprint, r.answer, l.lot_id, l.points
    from (values (1)) as always
    left join redeem_options o on o.tenant = $1 and o.id = $3
    left join idempotency_records r
      on r.tenant = $1 and r.caller = $2 and r.operation = '${operationName}' and r.idempotency_key = $4
    left join lateral lots_for($1, $2, o.points) l on true`,
};
const writeExchange = {
  name: "write-exchange",
  text: `with redemption as (
      insert into ledger_entries (tenant, customer_id, entry_id, kind, points, redeem_option_id, coupon_code)
      values ($1, $2, $3, 'redeemed', $4, $5, $6)
    ), used as (
      insert into lot_usages (tenant, customer_id, redemption_id, lot_id, points)
      select $1, $2, $3, d.lot_id, d.points from unnest($7::uuid[], $8::bigint[]) as d (lot_id, points)
    ), drawn as (
      update lots l set used_points = l.used_points + d.points
      from unnest($7::uuid[], $8::bigint[]) as d (lot_id, points)
      where l.tenant = $1 and l.customer_id = $2 and l.lot_id = d.lot_id
    ), coupon as (
      insert into coupons (tenant, code, definition, issued_to, redemption_id, redeem_option_id)
      values ($1, $6, $9, $2, $3, $5)
    )
    insert into idempotency_records
      (tenant, caller, operation, idempotency_key, fingerprint, answer, redemption_id)
    values ($1, $2, '${operationName}', $10, $11, $6, $3)`,
};
const callRedeem = { name: "redeem", text: "select outcome, code from redeem($1, $2, $3, $4, $5, $6, $7)" };
const readBalance = {
  name: "balance",
  text: `select coalesce(sum(points - used_points), 0) as points from lots
    where tenant = $1 and customer_id = $2 and is_open and (valid_until is null or valid_until > now())`,
};

interface ExchangeRow {
  readonly price: number | null;
  readonly coupon: string | null;
  readonly fingerprint: string | null;
  readonly answer: string | null;
  readonly lot_id: string | null;
  readonly points: number | null;
}

/** A transaction that locks the customer's row, in two round trips to the database: it reads, and it writes. */
async function redeemForUpdate(exchange: Exchange): Promise<ExchangeOutcome> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    const outcome = await exchangeIn(client, exchange);
    if (outcome.kind !== "exchanged" || outcome.replayed) await client.query("rollback");
    return outcome;
  } catch (error) {
    await client.query("rollback").catch((reason: Error) => {
      broken = reason;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

async function exchangeIn(client: pg.PoolClient, exchange: Exchange): Promise<ExchangeOutcome> {
  const { tenant, customerId, key, fingerprint, optionId } = exchange;
  const [, locked, { rows }] = await Promise.all([
    client.query("begin"),
    client.query({ ...lockCustomer, values: [tenant, customerId] }),
    // A statement of its own: it sees what was committed while the lock was waited for.
    client.query<ExchangeRow>({ ...readExchange, values: [tenant, customerId, optionId, key] }),
  ]);
  const [first] = rows;
  if (first === undefined) throw new Error("The exchange could not be read.");
  if (first.answer !== null) {
    if (first.fingerprint !== fingerprint) return { kind: "idempotency_key_reused" };
    return { kind: "exchanged", code: first.answer, replayed: true };
  }
  if (first.price === null) return { kind: "redeem_option_not_found" };
  if (locked.rows.length === 0 || first.lot_id === null) return { kind: "insufficient_points" };
  const code = newCouponCode();
  const lots = rows.map((row) => row.lot_id);
  const points = rows.map((row) => row.points);
  const { price, coupon } = first;
  await Promise.all([
    client.query({
      ...writeExchange,
      values: [tenant, customerId, uuidv7(), price, optionId, code, lots, points, coupon, key, fingerprint],
    }),
    // When the write fails, this rolls back.
    client.query("commit"),
  ]);
  return { kind: "exchanged", code, replayed: false };
}

type FunctionOutcome = ExchangeOutcome["kind"] | "replayed";

/** The same within the database: one round trip. */
async function redeemByFunction(exchange: Exchange): Promise<ExchangeOutcome> {
  const { tenant, customerId, key, fingerprint, optionId } = exchange;
  const { rows } = await pool.query<{ outcome: FunctionOutcome; code: string }>({
    ...callRedeem,
    values: [tenant, customerId, key, fingerprint, optionId, newCouponCode(), uuidv7()],
  });
  const [row] = rows;
  if (row === undefined) throw new Error("The function has told nothing.");
  const { outcome, code } = row;
  if (outcome === "exchanged" || outcome === "replayed") {
    return { kind: "exchanged", code, replayed: outcome === "replayed" };
  }
  return { kind: outcome };
}

const redeem = settings.mode === "for-update" ? redeemForUpdate : redeemByFunction;
const server = Fastify();

const signedIn = new WeakMap<FastifyRequest, SignedInCustomer>();
function customerOf(request: FastifyRequest): SignedInCustomer {
  const customer = signedIn.get(request);
  if (customer === undefined) throw new Error("Nobody has signed in.");
  return customer;
}

server.addHook("onRequest", async (request, reply) => {
  const customer = await tokens.customerOf(request.headers.authorization);
  if (customer === null) return reply.code(401).send({ code: "invalid_token" });
  signedIn.set(request, customer);
});

server.get(peerPaths.balance, { schema: { response: { 200: { type: "integer" } } } }, async (request) => {
  const { tenant, customerId } = customerOf(request);
  const { rows } = await pool.query<{ points: number }>({ ...readBalance, values: [tenant, customerId] });
  return rows[0]?.points ?? 0;
});

const redeemSchema = {
  headers: {
    type: "object",
    properties: { "idempotency-key": { type: "string", pattern: keyPattern } },
    required: ["idempotency-key"],
  },
  body: {
    type: "object",
    properties: { id: { type: "string", minLength: 1, maxLength: optionIdLengthMax } },
    required: ["id"],
  },
  response: { 200: { type: "object", properties: { code: { type: "string" } } } },
};

server.post<{ Body: { id: string }; Headers: { "idempotency-key": string } }>(
  peerPaths.redeem,
  { schema: redeemSchema },
  async (request, reply) => {
    const customer = customerOf(request);
    const optionId = request.body.id;
    const fingerprint = hash("sha256", meaningOf(customer.customerId, optionId));
    const key = request.headers["idempotency-key"];
    const outcome = await redeem({ ...customer, key, fingerprint, optionId });
    if (outcome.kind !== "exchanged") return reply.code(refusalStatus[outcome.kind]).send({ code: outcome.kind });
    if (outcome.replayed) reply.header(replayedHeader, "true");
    return { code: outcome.code };
  },
);

server.setErrorHandler<{ statusCode?: number; message: string }>((error, _request, reply) => {
  const status = error.statusCode ?? 500;
  if (status >= 500) console.error(error);
  return reply.code(status).send({ code: status >= 500 ? "internal" : "invalid_request" });
});

process.once("disconnect", () => process.exit());
const address = await server.listen({ host: "127.0.0.1", port: 0 });
process.send?.({ port: Number(new URL(address).port) });

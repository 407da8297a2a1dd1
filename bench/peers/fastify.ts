import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type BenchCustomer, type Contestant, couponPrice } from "../contestant.ts";
import { faultsOfBooks, overIssuedSql } from "./books.ts";
import { customerIds, PeerIssuer, peerCoupon, peerOptionId, peerTenant } from "./customers.ts";
import { Postgres } from "./postgres.ts";

const serverFile = fileURLToPath(new URL("fastify-server.ts", import.meta.url));
const schemaFile = new URL("postgres-schema.sql", import.meta.url);
const startDeadlineMs = 20_000;
const startedMessage = z.object({ port: z.int() });

/** How an exchange is done: a transaction that locks the customer's row, or a stored function. */
export type FastifyMode = "for-update" | "stored-function";

/**
 * Connections to the database. Of 4, 8, 16 and 32, on two cores: with 4, exchanges of many customers commit less
 * together; with 16 and 32, those of one customer only wait for its row in more places, and the function slows down.
 */
export const connectionsDefault = 8;

/**
 * Fastify in one process of Node.js, as the Worker is one thread, before a PostgreSQL of its own.
 * @throws {PostgresMissing} when PostgreSQL is not installed
 * @throws {Error} when something does not start
 */
export async function startFastify(mode: FastifyMode, connections: number = connectionsDefault): Promise<Contestant> {
  const issuer = await PeerIssuer.create();
  const postgres = await Postgres.start();
  try {
    await postgres.rows(readFileSync(schemaFile, "utf8"));
    await postgres.rows(
      `insert into redeem_options values ('${peerTenant}', '${peerOptionId}', ${couponPrice}, '${peerCoupon}')`,
    );
    const { host, user, database } = postgres;
    const settings = { mode, host, user, database, connections, publicKey: issuer.publicKey };
    const server = fork(serverFile, [JSON.stringify(settings)]);
    const port = await portOf(server);
    return new FastifyContestant(port, postgres, server, issuer);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

/** @throws {Error} when the server does not tell where it listens */
async function portOf(server: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("message", (message) => resolve(startedMessage.parse(message).port));
  server.once("exit", (code) => reject(new Error(`The Fastify server has ended with ${code}.`)));
  const timer = setTimeout(() => reject(new Error("The Fastify server did not start.")), startDeadlineMs);
  try {
    return await promise;
  } catch (error) {
    server.kill();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

class FastifyContestant implements Contestant {
  readonly port: number;
  readonly #postgres: Postgres;
  readonly #server: ChildProcess;
  readonly #issuer: PeerIssuer;
  #calls = 0;

  constructor(port: number, postgres: Postgres, server: ChildProcess, issuer: PeerIssuer) {
    this.port = port;
    this.#postgres = postgres;
    this.#server = server;
    this.#issuer = issuer;
  }

  async openCustomers(count: number, points: number): Promise<readonly BenchCustomer[]> {
    this.#calls += 1;
    const ids = customerIds(this.#calls, count);
    const list = `unnest(array[${ids.map((id) => `'${id}'`).join(",")}]) as id`;
    // Fresh statistics, as a database that has been there for a while has them.
    await this.#postgres.rows(`
      insert into customers (tenant, id) select '${peerTenant}', id from ${list};
      insert into lots (tenant, customer_id, lot_id, points)
        select '${peerTenant}', id, gen_random_uuid(), ${points} from ${list};
      analyze customers, lots`);
    return this.#issuer.signIn(ids);
  }

  violations(): Promise<readonly string[]> {
    return faultsOfBooks((sql) => this.#count(sql), { mayOverspend: false });
  }

  overIssued(): Promise<number> {
    return this.#count(overIssuedSql(couponPrice));
  }

  async stop(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#server.once("exit", () => resolve()));
    if (this.#server.exitCode === null && this.#server.signalCode === null) {
      this.#server.disconnect();
      await ended;
    }
    await this.#postgres.stop();
  }

  async #count(sql: string): Promise<number> {
    return z.coerce.number().parse((await this.#postgres.rows(sql))[0]?.[0]);
  }
}

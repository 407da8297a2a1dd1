import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type BuiltWorker, startWorker } from "../built-worker.ts";
import { type BenchCustomer, type Contestant, couponPrice } from "../contestant.ts";
import { faultsOfBooks, overIssuedSql } from "./books.ts";
import { customerIds, PeerIssuer, peerCoupon, peerOptionId, peerTenant } from "./customers.ts";

const workersFolder = new URL("workers/", import.meta.url);
const textOf = (file: string): string => readFileSync(new URL(file, workersFolder), "utf8");

/** A Worker of `workers`, by its file's name. */
export interface PeerWorker {
  readonly name: "select-update" | "conditional-batch";
  /** Whether it is known to take points twice. Its database then has nothing against that. */
  readonly mayOverspend: boolean;
}

/** @throws {Error} when the Worker cannot be built or started */
export async function startPeerWorker({ name, mayOverspend }: PeerWorker): Promise<Contestant> {
  const issuer = await PeerIssuer.create();
  const worker = await startWorker({
    source: fileURLToPath(new URL(`${name}.ts`, workersFolder)),
    schema: [textOf("schema.sql"), mayOverspend ? "" : textOf("spend-no-more.sql")].join("\n"),
    variables: { PUBLIC_KEY: JSON.stringify(issuer.publicKey) },
  });
  try {
    await worker.database
      .prepare("insert into redeem_options values (?, ?, ?, ?)")
      .bind(peerTenant, peerOptionId, couponPrice, peerCoupon)
      .run();
  } catch (error) {
    await worker.stop();
    throw error;
  }
  return new D1Contestant(worker, issuer, mayOverspend);
}

class D1Contestant implements Contestant {
  readonly port: number;
  readonly #worker: BuiltWorker;
  readonly #issuer: PeerIssuer;
  readonly #mayOverspend: boolean;
  #calls = 0;

  constructor(worker: BuiltWorker, issuer: PeerIssuer, mayOverspend: boolean) {
    this.port = worker.port;
    this.#worker = worker;
    this.#issuer = issuer;
    this.#mayOverspend = mayOverspend;
  }

  async openCustomers(count: number, points: number): Promise<readonly BenchCustomer[]> {
    this.#calls += 1;
    const ids = customerIds(this.#calls, count);
    await this.#worker.database
      .prepare(
        `insert into lots (tenant, customer_id, lot_id, points, used_points, created_at)
          select ?1, value, 'lot-' || value, ?2, 0, ?3 from json_each(?4)`,
      )
      .bind(peerTenant, points, Date.now(), JSON.stringify(ids))
      .run();
    return this.#issuer.signIn(ids);
  }

  violations(): Promise<readonly string[]> {
    return faultsOfBooks((sql) => this.#count(sql), { mayOverspend: this.#mayOverspend });
  }

  overIssued(): Promise<number> {
    return this.#count(overIssuedSql(couponPrice));
  }

  stop(): Promise<void> {
    return this.#worker.stop();
  }

  async #count(sql: string): Promise<number> {
    const [value] = (await this.#worker.database.prepare(sql).raw<unknown[]>())[0] ?? [];
    return z.number().parse(value);
  }
}

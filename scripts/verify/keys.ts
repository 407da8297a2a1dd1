import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { signToken } from "../../src/access/integrations/embedded-issuer.ts";
import { publicKeyOf, type SigningKey } from "../../src/access/integrations/signing-key.ts";
import type { TenantId } from "../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../src/platform/values/time.ts";
import { newSigningKey } from "../local-secrets.ts";
import { NoAnswer, type ServiceCall, ServiceClient } from "./http-client.ts";
import { type RowRun, runRow } from "./measured-row.ts";
import { Random } from "./random.ts";
import { buildWorker, Runtime } from "./runtime.ts";

// An external issuer under load: it takes a new key and signs with it at once, it does not answer in several ways, and
// the service starts anew meanwhile. Every request has a valid token of its own, so every request must be answered.

const clients = 12;
const tokenSeconds = 600;
const identity = { issuer: "https://issuer.verify", audience: "reward-points-verify" };
/** The keys that the issuer still lists: the one it signs with, and the one before. */
const keysListed = 2;
/** So that the last answers of one state have come before the next one. */
const settleMs = 300;
/** Longer than the service waits for its issuer; whoever gets no answer until then has been refused. */
const answerDeadlineMs = 30_000;
/** How long the service may take to find a key that it has not seen. */
const keyDeadlineMs = 15_000;

const outages: Readonly<Record<string, (response: ServerResponse) => void>> = {
  "breaks off": (response) => void response.destroy(),
  "answers 500": (response) => void response.writeHead(500).end(),
  "answers with a page": (response) => void response.writeHead(200).end("<html>"),
  "says nothing": () => {},
};

/** An issuer whose keys change, and which can be down. */
class Issuer {
  readonly #server: Server;
  #keys: readonly SigningKey[] = [];
  #outage: ((response: ServerResponse) => void) | null = null;

  constructor() {
    this.#server = createServer((_request, response) => {
      if (this.#outage !== null) return this.#outage(response);
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ keys: this.#keys.map(publicKeyOf) }));
    });
  }

  /** @returns the address of its key set */
  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/jwks`;
  }

  /** Lists a new key, and signs with it from now on. */
  async rotate(): Promise<void> {
    const key: SigningKey = JSON.parse(await newSigningKey());
    this.#keys = [key, ...this.#keys].slice(0, keysListed);
  }

  goDown(outage: (response: ServerResponse) => void): void {
    this.#outage = outage;
  }

  comeBack(): void {
    this.#outage = null;
    // Whom it had left without an answer.
    this.#server.closeAllConnections();
  }

  token(claims: Readonly<Record<string, string>>): Promise<string> {
    const [key] = this.#keys;
    if (key === undefined) throw new Error("The issuer has no key yet.");
    const issuedAt = Date.now() as EpochMs;
    const content = { tenant: "keys" as TenantId, subject: "load", issuedAt, lifetimeSeconds: tokenSeconds, claims };
    return signToken(key, identity, content);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Requests without end, each with a token of its own. */
class Load {
  readonly #run: RowRun;
  readonly #issuer: Issuer;
  readonly #client: ServiceClient;
  readonly #state: () => string;
  readonly #interruptions: () => number;
  accepted = 0;
  refused = 0;
  #isOver = false;

  /** @param interruptions how often the runtime has been ended, and started again: odd while it is not there */
  constructor(
    run: RowRun,
    issuer: Issuer,
    client: ServiceClient,
    { state, interruptions }: { readonly state: () => string; readonly interruptions: () => number },
  ) {
    this.#run = run;
    this.#issuer = issuer;
    this.#client = client;
    this.#state = state;
    this.#interruptions = interruptions;
  }

  async start(): Promise<void> {
    await Promise.all(Array.from({ length: clients }, (_, number) => this.#work(number)));
  }

  end(): void {
    this.#isOver = true;
  }

  async #work(number: number): Promise<void> {
    for (let count = 0; !this.#isOver; count += 1) {
      const state = this.#state();
      const before = this.#interruptions();
      try {
        const { status, body } = await this.#client.call(await this.#call(number, count));
        if (status === 200 || status === 201) this.accepted += 1;
        else {
          this.refused += 1;
          this.#run.fault(`${state}: ${status} ${body}`);
        }
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        // When the runtime was killed meanwhile, the request was not refused.
        if (before % 2 === 0 && before === this.#interruptions()) {
          this.refused += 1;
          this.#run.fault(`${state}: ${error.message}`);
        }
        await pause(settleMs / 10);
      }
    }
  }

  async #call(number: number, count: number): Promise<ServiceCall> {
    const customerId = `C${number}`;
    if (count % 2 === 1) {
      const token = await this.#issuer.token({ customer_id: customerId });
      return { method: "GET", path: "/reward-points/public/customer", token };
    }
    const token = await this.#issuer.token({ client_id: "load", scope: "rewardspoints.rewardpoints_manage" });
    return { method: "POST", path: `/reward-points/customer/${customerId}/addPoints`, token, json: { points: 1 } };
  }

  /** Resolves when `more` requests were answered. */
  async progress(more: number): Promise<void> {
    const enough = this.accepted + this.refused + more;
    const deadline = Date.now() + keyDeadlineMs;
    while (this.accepted + this.refused < enough) {
      if (Date.now() > deadline) throw new Error("The service does not answer any more.");
      await pause(1);
    }
  }
}

await runRow("keys", async (run) => {
  const random = new Random(run.seed);
  const issuer = new Issuer();
  await issuer.rotate();
  const variables = {
    AUTH_JWKS_URL: await issuer.listen(),
    AUTH_ISSUER: identity.issuer,
    AUTH_AUDIENCE: identity.audience,
  };
  const runtime = await Runtime.start(await buildWorker(), { variables });
  const client = new ServiceClient(runtime.url, answerDeadlineMs);
  let state = "the first key";
  let interruptions = 0;
  const load = new Load(run, issuer, client, { state: () => state, interruptions: () => interruptions });
  const rotations = run.sized(4, 24);
  let kills = 0;
  try {
    const working = load.start();
    const story = async () => {
      for (let rotation = 1; rotation <= rotations; rotation += 1) {
        await load.progress(clients * 2);
        await pause(random.between(0, run.sized(200, 1_500)));
        state = `rotation ${rotation}`;
        await issuer.rotate();
        // Each client has come through with the new key: an issuer that goes down before cannot be helped.
        await load.progress(clients * 3);
        const [how, outage] = random.oneOf(Object.entries(outages) as [[string, (response: ServerResponse) => void]]);
        state = `the issuer ${how} after rotation ${rotation}`;
        issuer.goDown(outage);
        await load.progress(clients * random.between(2, 20));
        // A new isolate knows only what the cache tells it.
        if (rotation % 4 === 0) {
          await pause(settleMs);
          state += ", and the service has started anew";
          kills += 1;
          interruptions += 1;
          await runtime.kill();
          interruptions += 1;
          await load.progress(clients * 3);
        }
        issuer.comeBack();
      }
    };
    await Promise.race([working, story()]);
    load.end();
    await working;
  } finally {
    load.end();
    await runtime.stop();
    issuer.close();
  }
  const all = load.accepted + load.refused;
  const words = `valid requests of ${all} refused; ${rotations} rotations and outages, ${kills} starts without the issuer`;
  return { number: load.refused, words };
});

import { env } from "cloudflare:workers";
import worker from "../../../src/worker.ts";
import { FakeMessage } from "../orders/order-events.ts";
import { type Answer, call, tenPercentOff } from "../shop.ts";
import { customerToken, employeeToken, guestToken, signToken } from "../tokens.ts";
import { type Breakage, broken, type Message, messageOf } from "./fuzz-breakages.ts";
import type { ApiDocument, Operation } from "./fuzz-document.ts";
import { faultOf, refusalOf, scopesOf } from "./fuzz-judgement.ts";
import { brokenLaw } from "./fuzz-ledger-laws.ts";
import {
  type Caller,
  customerCallers,
  customerIds,
  customerOf,
  entryFor,
  newPools,
  type Plan,
  type Pools,
  requestOf,
  type Step,
} from "./fuzz-requests.ts";

/** What a run has seen, to tell that it has seen enough. */
export interface Tally {
  requests: number;
  broken: number;
  /** By operation and status: `POST /x 201`. */
  readonly seen: Map<string, number>;
}

export const newTally = (): Tally => ({ requests: 0, broken: 0, seen: new Map() });

let worlds = 0;

/** A merchant, the merchant's customers and what they know, for one sequence of requests. */
export class World {
  readonly #document: ApiDocument;
  readonly #tenant: string;
  readonly #stranger: string;
  readonly #tokens: Readonly<Record<Caller, string | undefined>>;
  readonly #pools: Pools = newPools();
  readonly #events: object[] = [];
  /** What was sent and answered, for whoever has to find out what went wrong. */
  readonly #history: (() => string)[] = [];

  private constructor(document: ApiDocument, names: { tenant: string; stranger: string }, tokens: Tokens) {
    this.#document = document;
    this.#tenant = names.tenant;
    this.#stranger = names.stranger;
    this.#tokens = tokens;
  }

  /** Opens shop: points are on, there is something to buy, and the customers can afford it. */
  static async open(document: ApiDocument): Promise<World> {
    worlds += 1;
    const names = { tenant: `fuzz-${worlds}`, stranger: `other-${worlds}` };
    const world = new World(document, names, await tokensOf(names));
    await world.#setUp("POST", `/site/${names.tenant}/sites/main/mixins`, {
      couponSettings: { rewardpoints: { enabled: true, orderValueToRewardPointsFactor: 1 } },
    });
    const option = {
      id: "ten",
      type: "coupon",
      name: "Ten",
      points: 10,
      coupon: { ...tenPercentOff, maxRedemptions: 3 },
    };
    await world.#setUp("POST", `/reward-points/${names.tenant}/redeemOptions`, option);
    world.#pools.option.push(option.id);
    for (const customer of customerIds.slice(0, customerCallers.length)) {
      const path = `/reward-points/customer/${encodeURIComponent(customer)}/addPoints`;
      await world.#setUp("POST", path, { points: 500 });
    }
    return world;
  }

  async #setUp(method: string, path: string, json: object): Promise<void> {
    const { status, body } = await call(method, path, { token: this.#tokens.employee, json });
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
  }

  /** @throws {Error} when an answer is not what the document promises */
  async take(step: Step, tally: Tally): Promise<void> {
    if (step.kind === "deliver") return this.#deliver();
    const request = requestOf(step, this.#pools, this.#tenant);
    const breakage = step.breakage === null ? null : broken(request, step.breakage, this.#document);
    const message = breakage?.message ?? messageOf(request);
    const answer = await this.#send(step.caller, message);
    this.#note(step, message, breakage, answer);
    tally.requests += 1;
    if (breakage !== null) tally.broken += 1;
    const name = `${step.operation.method} ${step.operation.path} ${answer.status}`;
    tally.seen.set(name, (tally.seen.get(name) ?? 0) + 1);
    const fault = faultOf({ request, breakage, answer }, this.#document);
    if (fault !== null) throw this.#failure(fault);
    if (breakage === null && answer.status < 300 && step.caller !== "stranger")
      this.#learn(step.operation, message, answer);
  }

  /** Asks D1 and the service itself whether the books are in order. @throws {Error} when they are not */
  async close(): Promise<void> {
    for (const tenant of [this.#tenant, this.#stranger]) {
      const law = await brokenLaw(env.DB, tenant);
      if (law !== null) throw this.#failure(law);
    }
    const verify = this.#document.operations.find(({ path }) => path.endsWith("/customer/{customerId}/verify"));
    if (verify === undefined) return;
    for (const customer of customerIds) {
      const path = verify.path.replace("{customerId}", () => encodeURIComponent(customer));
      const { status, body } = await call("GET", path, { token: this.#tokens.employee });
      const isSound = status === 404 || (status === 200 && (body as { sound: boolean }).sound);
      if (!isSound) throw this.#failure(`${path}: ${status} ${JSON.stringify(body)}`);
    }
  }

  #send(caller: Caller, { method, path, headers, body }: Message): Promise<Answer> {
    // Bytes, because a text would bring a media type of its own.
    const bytes = body === null ? {} : { body: new TextEncoder().encode(body) };
    return call(method, path, { token: this.#tokens[caller], headers, ...bytes });
  }

  /** Gives the taken events to the consumer, as the queue will once more by itself. */
  async #deliver(): Promise<void> {
    const messages = this.#events.splice(0).map((event) => new FakeMessage(event));
    await worker.queue({ queue: "reward-points-events", messages }, env);
    this.#history.push(() => `deliver ${messages.length} events`);
  }

  /** Keeps what later requests can name. */
  #learn(operation: Operation, message: Message, { body }: Answer): void {
    const { method, path } = operation;
    if (method === "POST" && path.endsWith("/events")) {
      const { id } = body as { id: string };
      this.#events.push({ tenant: this.#tenant, id, receivedAt: Date.now(), event: JSON.parse(message.body ?? "{}") });
    }
    const { tells } = entryFor(operation).fuzz ?? {};
    if (tells === undefined) return;
    const known = this.#pools[tells.as === "code" ? "coupon" : tells.as];
    for (const item of Array.isArray(body) ? body : [body]) {
      const value: unknown = (item as Record<string, unknown> | null)?.[tells.member];
      if (typeof value === "string" && !known.includes(value)) known.push(value);
    }
  }

  #note({ caller, operation }: Plan, message: Message, breakage: Breakage | null, answer: Answer): void {
    const refusal = refusalOf(operation, caller);
    this.#history.push(() =>
      [
        `${caller}${refusal === null ? "" : ` (${refusal})`}: ${message.method} ${message.path}`,
        breakage === null ? "" : `  broken: ${breakage.words}`,
        `  headers: ${JSON.stringify(message.headers)}`,
        message.body === null ? "" : `  body: ${shortened(message.body)}`,
        `  answer: ${answer.status} ${shortened(JSON.stringify(answer.body) ?? "")}`,
      ]
        .filter((line) => line !== "")
        .join("\n"),
    );
  }

  #failure(fault: string): Error {
    const shown = this.#history.slice(-historyShown).map((show) => show());
    return new Error(`${fault}\n${shown.join("\n")}`);
  }
}

/** Requests that a failure shows, the failing one last. */
const historyShown = 12;
const textShown = 1_500;
const shortened = (text: string): string => (text.length <= textShown ? text : `${text.slice(0, textShown)}…`);

type Tokens = Readonly<Record<Caller, string | undefined>>;

async function tokensOf({ tenant, stranger }: { tenant: string; stranger: string }): Promise<Tokens> {
  const employee = (caller: Caller) => employeeToken(tenant, scopesOf[caller], caller);
  const customer = (caller: Caller | undefined) =>
    customerToken(tenant, (caller === undefined ? null : customerOf(caller)) ?? "");
  return {
    employee: await employee("employee"),
    viewer: await employee("viewer"),
    cashier: await employee("cashier"),
    checkout: await employee("checkout"),
    "customer-1": await customer(customerCallers[0]),
    "customer-2": await customer(customerCallers[1]),
    "customer-3": await customer(customerCallers[2]),
    guest: await guestToken(tenant),
    stranger: await employeeToken(stranger, scopesOf.stranger, "stranger"),
    nobody: undefined,
    garbage: "garbage",
    expired: await signToken({ claims: { tenant, scope: scopesOf.employee, client_id: "late", exp: 1_700_000_000 } }),
  };
}

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { convertV4MiniflareOptions, Miniflare, NoOpLog, type V4MiniflareOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";
import type { CustomerId, TenantId } from "../../src/platform/values/identifiers.ts";
import { LocalIssuer } from "../local-issuer.ts";
import { newSigningKey } from "../local-secrets.ts";
import { applyMigrations, projectMigrations } from "../migrations/project-migrations.ts";
import { runWrangler } from "../wrangler.ts";
import { delivererName, delivererWorker } from "./deliverer.ts";
import { type BatchOutcome, type HeldMessage, OutsideQueue, producerWorker } from "./outside-queue.ts";
import { claimRuntimeProcess, releaseRuntimeProcess, residentMegabytes, waitForExit } from "./processes.ts";

const wranglerFile = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));

/** How long tokens live: longer than any run. */
const tokenSeconds = 6 * 60 * 60;
/** How long the runtime may take to be back after it was killed. */
const restartDeadlineMs = 30_000;

/** Everything that an employee's token may need. */
const everyScope = [
  "rewardspoints.rewardpoints_view",
  "rewardspoints.rewardpoints_manage",
  "coupon.coupon_read",
  "coupon.coupon_manage",
  "site.site_manage",
] as const;

export interface RuntimeOptions {
  /** Where data is kept; a temporary folder, removed at the end, unless given. */
  readonly dataFolder?: string;
  /** Instead of the variables of wrangler.toml. Rate limits are off unless RATE_LIMITS is given. */
  readonly variables?: Readonly<Record<string, string>>;
  /** The tenants whose webhooks are signed, with {@link Runtime.webhookSecret}. */
  readonly signingTenants?: readonly string[];
  /**
   * `inside` (default): the queue as Miniflare plays it, in the runtime's memory. `outside`: a queue that outlives the
   * runtime's process, as Cloudflare's does.
   */
  readonly queue?: "inside" | "outside";
  /** Whether the inspector of V8 listens: see {@link Runtime.inspector}. */
  readonly isInspected?: boolean;
  /** Whether {@link Runtime.deliver} is going to be used. */
  readonly delivers?: boolean;
  /** The module to start with; `worker.js` unless given. */
  readonly script?: string;
  /** Takes the lines that the service logs; dropped unless given. */
  readonly onLog?: (line: string) => void;
}

/** A message as a consumer gets it. */
export type QueueMessage = Pick<HeldMessage, "id" | "timestamp" | "body" | "attempts">;

/**
 * The built Worker in workerd, with all bindings of wrangler.toml, reached through a socket of its own: no proxy
 * stands before it, and no request is logged by anybody but the service.
 */
export class Runtime {
  /** Where the Worker listens, without a slash at the end. It stays the same when the runtime is killed. */
  readonly url: string;
  readonly webhookSecret: string;
  /** Holds the messages of a runtime whose queue is `outside`. */
  readonly queue: OutsideQueue | null;
  readonly #miniflare: Miniflare;
  readonly #issuer: LocalIssuer;
  readonly #temporaryFolder: string | null;
  readonly #restarts: RestartSignal;
  /** Where batches are handed in; null until the first one is. */
  #deliverer: string | null = null;
  readonly #stopping = new AbortController();
  #process: number;

  private constructor(parts: {
    url: string;
    webhookSecret: string;
    queue: OutsideQueue | null;
    miniflare: Miniflare;
    issuer: LocalIssuer;
    temporaryFolder: string | null;
    restarts: RestartSignal;
    process: number;
  }) {
    this.url = parts.url;
    this.webhookSecret = parts.webhookSecret;
    this.queue = parts.queue;
    this.#miniflare = parts.miniflare;
    this.#issuer = parts.issuer;
    this.#temporaryFolder = parts.temporaryFolder;
    this.#restarts = parts.restarts;
    this.#process = parts.process;
  }

  /**
   * Starts the Worker that {@link buildWorker} has built.
   * @throws {Error} when the runtime does not start, or a migration fails
   */
  static async start(workerFolder: string, options: RuntimeOptions = {}): Promise<Runtime> {
    const temporaryFolder =
      options.dataFolder === undefined ? mkdtempSync(join(tmpdir(), "reward-points-data-")) : null;
    const dataFolder = options.dataFolder ?? temporaryFolder ?? "";
    const webhookSecret = crypto.randomUUID();
    const signingTenants = options.signingTenants ?? [];
    const config = unstable_readConfig({ config: wranglerFile }, { hideWarnings: true });
    const variables: Record<string, string> = {
      ...textVariables(config.vars),
      RATE_LIMITS: "off",
      AUTH_SIGNING_KEY: await newSigningKey(),
      WEBHOOK_SECRETS: JSON.stringify(Object.fromEntries(signingTenants.map((tenant) => [tenant, [webhookSecret]]))),
      ...options.variables,
    };
    const queue = options.queue === "outside" ? new OutsideQueue() : null;
    const restarts = new RestartSignal();
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        host: "127.0.0.1",
        port: 0,
        cf: false,
        log: new NoOpLog(),
        logRequests: false,
        handleStructuredLogs: ({ message }) => options.onLog?.(message),
        ...(options.isInspected === true ? { inspectorPort: 0 } : {}),
        unsafeHandleRuntimeRestart: () => restarts.signal(),
        resourcePersistencePath: dataFolder,
        ...workersOf(config, workerFolder, variables, {
          queue,
          delivers: options.delivers ?? false,
          script: options.script ?? "worker.js",
        }),
      }),
    );
    try {
      await applyMigrations(await miniflare.getD1Database("DB"), projectMigrations());
      const process = claimRuntimeProcess();
      const url = (await miniflare.unsafeGetDirectURL()).href.replace(/\/$/, "");
      const issuer = new LocalIssuer(variables, tokenSeconds);
      const runtime = new Runtime({ url, webhookSecret, queue, miniflare, issuer, temporaryFolder, restarts, process });
      queue?.deliverTo(runtime.#stopping.signal, async (batch) => {
        const worker = await miniflare.getWorker();
        const messages = batch.map(({ id, timestamp, body, attempts }) => ({ id, timestamp, body, attempts }));
        return worker.queue(queueName, messages);
      });
      return runtime;
    } catch (error) {
      await miniflare.dispose();
      if (temporaryFolder !== null) rmSync(temporaryFolder, { recursive: true, force: true });
      throw error;
    }
  }

  /** @param client who asks, as far as idempotency keys and histories tell */
  employeeToken(tenant: string, client: string = "local", scopes: readonly string[] = everyScope): Promise<string> {
    return this.#issuer.employeeToken(tenant as TenantId, scopes, client);
  }

  customerToken(tenant: string, customerId: string): Promise<string> {
    return this.#issuer.customerToken(tenant as TenantId, customerId as CustomerId);
  }

  /** Reads, or changes, D1 past the service. */
  async query<Row extends object>(sql: string, ...parameters: readonly unknown[]): Promise<readonly Row[]> {
    const database = await this.#miniflare.getD1Database("DB");
    const { results } = await database
      .prepare(sql)
      .bind(...parameters)
      .all<Row>();
    return results;
  }

  /**
   * Hands `messages` to the consumer of the queue, as one batch. Nothing comes again by itself.
   * @throws {Error} when the runtime was not started with `delivers`, or does not answer
   */
  async deliver(messages: readonly QueueMessage[]): Promise<BatchOutcome> {
    this.#deliverer ??= (await this.#miniflare.unsafeGetDirectURL(delivererName)).href;
    const answer = await fetch(this.#deliverer, {
      method: "POST",
      body: JSON.stringify({ queue: queueName, messages }),
    });
    if (!answer.ok) throw new Error(`A batch was answered with ${answer.status}.`);
    return (await answer.json()) as BatchOutcome;
  }

  /** Runs the cron job of `cron` now; resolves with its outcome, `ok` when it has not thrown. */
  async scheduled(cron: string, at: Date = new Date()): Promise<string> {
    const worker = await this.#miniflare.getWorker();
    return (await worker.scheduled({ cron, scheduledTime: at })).outcome;
  }

  /** Where the inspector of V8 listens, when it was asked for. */
  inspector(): Promise<URL> {
    return this.#miniflare.getInspectorURL();
  }

  /** Resident memory of the runtime's process. */
  memoryMegabytes(): number {
    return residentMegabytes(this.#process);
  }

  /** The id of the runtime's process. */
  get processId(): number {
    return this.#process;
  }

  /**
   * Ends the runtime's process by SIGKILL, in whatever it is doing. Resolves when another one runs on the same data.
   * @throws {Error} when none does within 30 seconds
   */
  async kill(): Promise<void> {
    const killed = this.#process;
    const restarted = this.#restarts.next(restartDeadlineMs);
    process.kill(killed, "SIGKILL");
    await waitForExit(killed);
    await restarted;
    releaseRuntimeProcess(killed);
    this.#process = claimRuntimeProcess();
  }

  /** Ends everything, and removes the data when it lies in a temporary folder. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.queue?.ended();
    await this.#miniflare.dispose();
    releaseRuntimeProcess(this.#process);
    if (this.#temporaryFolder !== null) rmSync(this.#temporaryFolder, { recursive: true, force: true });
  }
}

const serviceName = "reward-points";
const queueName = "reward-points-events";

/** Resolves whoever waits when Miniflare has started the runtime again. */
class RestartSignal {
  #waiting: (() => void) | null = null;

  next(deadlineMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error("The runtime did not come back after it was killed.")),
        deadlineMs,
      );
      this.#waiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  signal(): void {
    this.#waiting?.();
    this.#waiting = null;
  }
}

/**
 * Builds the Worker as `npm run deploy` does.
 * @param more options of wrangler's, such as `--minify=false`
 * @returns the folder with `worker.js`: the one of VERIFY_WORKER where the runner of all rows has built it already
 * @throws {Error} when it cannot be built
 */
export async function buildWorker(...more: readonly string[]): Promise<string> {
  const built = process.env["VERIFY_WORKER"];
  if (built !== undefined) return built;
  const folder = mkdtempSync(join(tmpdir(), "reward-points-worker-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  await runWrangler(["deploy", "--dry-run", "--outdir", folder, ...more], new AbortController().signal);
  return folder;
}

type WorkerConfig = ReturnType<typeof unstable_readConfig>;

/** The Worker with its bindings and, when the queue lies outside, the one that stands for the queue. */
function workersOf(
  config: WorkerConfig,
  folder: string,
  variables: Readonly<Record<string, string>>,
  {
    queue,
    delivers,
    script,
  }: { readonly queue: OutsideQueue | null; readonly delivers: boolean; readonly script: string },
): Extract<V4MiniflareOptions, { workers: unknown }> {
  // What lies in .dev.vars is looked for beside the built Worker, and not found there.
  const configPath = join(folder, "wrangler.toml");
  const { workerOptions } = unstable_getMiniflareWorkerOptions({ ...config, configPath, userConfigPath: configPath });
  const { assets: _documentationPage, modulesRules: _rules, ...options } = workerOptions;
  const worker = {
    ...options,
    name: serviceName,
    modules: [...new Set([script, "worker.js"])].map((name) => ({
      type: "ESModule" as const,
      path: join(folder, name),
    })),
    modulesRoot: folder,
    bindings: { ...variables },
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  };
  const compatibilityDate = config.compatibility_date ?? "";
  const deliverers = delivers ? [delivererWorker(serviceName, compatibilityDate)] : [];
  if (queue === null) return { workers: [worker, ...deliverers] };
  const producer = producerWorker(queue, compatibilityDate);
  const outside = { queueProducers: {}, queueConsumers: {}, serviceBindings: { ORDER_EVENTS: producer.binding } };
  return { workers: [{ ...worker, ...outside }, producer.worker, ...deliverers] };
}

function textVariables(vars: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(vars).filter((variable): variable is [string, string] => typeof variable[1] === "string"),
  );
}

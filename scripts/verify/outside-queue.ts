import { setTimeout as pause } from "node:timers/promises";
import { Response } from "miniflare";

const batchMax = 100;
const pollMs = 20;
/** What a message that was asked to be retried later waits at most: runs are short. */
const delaySecondsMax = 1;

/** A message as the consumer gets it. */
export interface HeldMessage {
  readonly id: string;
  readonly timestamp: Date;
  readonly body: unknown;
  attempts: number;
  notBefore: number;
}

/** What the runtime tells of a batch that it has consumed. */
export interface BatchOutcome {
  readonly outcome: string;
  readonly ackAll: boolean;
  readonly explicitAcks: readonly string[];
  readonly retryBatch: { readonly retry: boolean };
  readonly retryMessages: readonly { readonly msgId: string; readonly delaySeconds?: number }[];
}

/**
 * A queue that outlives the runtime's process, as Cloudflare's does: a message that it has taken stays until a
 * consumer has acknowledged it, and comes again when the consumer has died or thrown. Miniflare keeps the messages
 * of its own queue in the runtime's memory, where a SIGKILL ends them.
 */
export class OutsideQueue {
  readonly #held = new Map<string, HeldMessage>();
  #delivering: Promise<void> = Promise.resolve();
  #sent = 0;

  /** Messages that no consumer has acknowledged yet. */
  get size(): number {
    return this.#held.size;
  }

  /** Takes a message in. */
  send(body: unknown): void {
    this.#sent += 1;
    const id = `message-${this.#sent}`;
    this.#held.set(id, { id, timestamp: new Date(), body, attempts: 0, notBefore: 0 });
  }

  /** Hands out batches until `stopping` is aborted. A batch whose delivery rejects comes again. */
  deliverTo(stopping: AbortSignal, deliver: (batch: readonly HeldMessage[]) => Promise<BatchOutcome>): void {
    this.#delivering = this.#deliver(stopping, deliver);
  }

  /** Resolves when no delivery is under way any more. */
  ended(): Promise<void> {
    return this.#delivering;
  }

  async #deliver(
    stopping: AbortSignal,
    deliver: (batch: readonly HeldMessage[]) => Promise<BatchOutcome>,
  ): Promise<void> {
    while (!stopping.aborted) {
      const now = Date.now();
      const due = [...this.#held.values()].filter(({ notBefore }) => notBefore <= now).slice(0, batchMax);
      if (due.length === 0) {
        await pause(pollMs);
        continue;
      }
      for (const message of due) message.attempts += 1;
      try {
        this.#settle(due, await deliver(due));
      } catch {
        // The runtime has died: all of it comes again.
        await pause(pollMs);
      }
    }
  }

  #settle(batch: readonly HeldMessage[], outcome: BatchOutcome): void {
    if (outcome.outcome !== "ok" || outcome.retryBatch.retry) return;
    const retries = new Map(outcome.retryMessages.map(({ msgId, delaySeconds }) => [msgId, delaySeconds ?? 0]));
    const acks = new Set(outcome.explicitAcks);
    for (const message of batch) {
      const delaySeconds = retries.get(message.id);
      if (delaySeconds !== undefined && !acks.has(message.id)) {
        message.notBefore = Date.now() + Math.min(delaySeconds, delaySecondsMax) * 1000;
      } else {
        this.#held.delete(message.id);
      }
    }
  }
}

const producerName = "outside-queue";

/** The Worker that stands for the queue's producer: what it is sent goes out of the runtime into `queue`. */
export function producerWorker(queue: OutsideQueue, compatibilityDate: string) {
  return {
    binding: { name: producerName, entrypoint: "Producer" },
    worker: {
      name: producerName,
      compatibilityDate,
      modules: true,
      script: `
        import { WorkerEntrypoint } from "cloudflare:workers";
        export class Producer extends WorkerEntrypoint {
          async send(body) {
            const answer = await this.env.OUTSIDE.fetch("http://outside/", { method: "POST", body: JSON.stringify(body) });
            if (answer.status !== 204) throw new Error("The queue did not take the message.");
          }
        }
        export default { fetch: () => new Response(null, { status: 404 }) };`,
      serviceBindings: {
        OUTSIDE: async (request: { json(): Promise<unknown> }) => {
          queue.send(await request.json());
          return new Response(null, { status: 204 });
        },
      },
    },
  };
}

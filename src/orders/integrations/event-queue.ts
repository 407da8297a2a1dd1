import { StoreUnavailable } from "../../platform/runtime/store-errors.ts";
import { withinDeadline } from "../../platform/runtime/within-deadline.ts";
import type { EventQueue, QueuedEvent } from "../use-cases/event-ports.ts";

/** How long the queue may take to accept an event. The sender waits for it. */
const deadlineMs = 5_000;

/** Events in a Cloudflare Queue. */
export class CloudflareEventQueue implements EventQueue {
  readonly #queue: Queue<QueuedEvent>;

  constructor(queue: Queue<QueuedEvent>) {
    this.#queue = queue;
  }

  async send(message: QueuedEvent): Promise<void> {
    const sent = this.#queue.send(message, { contentType: "json" });
    try {
      await withinDeadline(sent, deadlineMs, () => new Error(`No answer within ${deadlineMs} ms.`));
    } catch (error) {
      throw new StoreUnavailable(`The queue did not take an event. ${error instanceof Error ? error.message : ""}`);
    }
  }
}

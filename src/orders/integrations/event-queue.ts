import { StoreUnavailable } from "../../platform/runtime/store-errors.ts";
import { withinDeadline } from "../../platform/runtime/within-deadline.ts";
import type { EventQueue, QueueMessage } from "../use-cases/event-ports.ts";

/** How long the queue may take to accept an event: whoever sends it waits. */
const deadlineMs = 5_000;

/** Events in a Cloudflare Queue. */
export class CloudflareEventQueue implements EventQueue {
  readonly #queue: Queue<QueueMessage>;

  constructor(queue: Queue<QueueMessage>) {
    this.#queue = queue;
  }

  async send(message: QueueMessage): Promise<void> {
    const sent = this.#queue.send(message, { contentType: "json" });
    try {
      await withinDeadline(sent, deadlineMs, () => new Error(`No answer within ${deadlineMs} ms.`));
    } catch (error) {
      throw new StoreUnavailable(`The queue did not take an event. ${error instanceof Error ? error.message : ""}`);
    }
  }
}

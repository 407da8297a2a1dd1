import { type EventQueue, type QueuedEvent, StoreUnavailable } from "../application/ports.ts";
import { withinDeadline } from "../application/within-deadline.ts";

/** How long the queue may take to accept an event: whoever sends it waits. */
const deadlineMs = 5_000;

/** Events in a Cloudflare Queue. */
export class CloudflareEventQueue implements EventQueue {
  readonly #queue: Queue<QueuedEvent>;

  constructor(queue: Queue<QueuedEvent>) {
    this.#queue = queue;
  }

  async send(event: QueuedEvent): Promise<void> {
    const sent = this.#queue.send(event, { contentType: "json" });
    try {
      await withinDeadline(sent, deadlineMs, () => new Error(`No answer within ${deadlineMs} ms.`));
    } catch (error) {
      throw new StoreUnavailable(`The queue did not take an event. ${error instanceof Error ? error.message : ""}`);
    }
  }
}

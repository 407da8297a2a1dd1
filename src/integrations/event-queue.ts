import { type EventQueue, type QueuedEvent, StoreUnavailable } from "../application/ports.ts";

/** How long the queue may take to accept an event: whoever sends it waits. */
const deadlineMs = 5_000;

/** Events in a Cloudflare Queue. */
export class CloudflareEventQueue implements EventQueue {
  readonly #queue: Queue<QueuedEvent>;

  constructor(queue: Queue<QueuedEvent>) {
    this.#queue = queue;
  }

  async send(event: QueuedEvent): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const expiry = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`No answer within ${deadlineMs} ms.`)), deadlineMs);
    });
    try {
      await Promise.race([this.#queue.send(event, { contentType: "json" }), expiry]);
    } catch (error) {
      throw new StoreUnavailable(`The queue did not take an event. ${error instanceof Error ? error.message : ""}`);
    } finally {
      clearTimeout(timer);
    }
  }
}

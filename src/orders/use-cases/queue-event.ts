import type { Services } from "./context.ts";
import type { QueuedEvent } from "./event-ports.ts";

/** A message of the queue holds 128 KB; JSON can grow when it is written again, numbers above all. */
export const queuedBytesMax = 100 * 1024;

const encoder = new TextEncoder();

/** The bytes of a value as JSON in UTF-8. */
export const jsonBytes = (value: unknown): number => encoder.encode(JSON.stringify(value)).length;

export const isTooLongToQueue = (queued: QueuedEvent): boolean => jsonBytes(queued) > queuedBytesMax;

/**
 * Puts an event into the queue that the inbox has: by its name, when it is too long for a message.
 * @throws {StoreUnavailable} when it is not certain that the queue took it
 */
export async function queueKeptEvent({ eventQueue }: Services, queued: QueuedEvent): Promise<void> {
  const { event: _event, mentions: _mentions, ...reference } = queued;
  await eventQueue.send(isTooLongToQueue(queued) ? reference : queued);
}

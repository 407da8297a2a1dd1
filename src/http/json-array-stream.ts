/** How much text is gathered before it is handed on. */
const chunkCharacters = 64 * 1024;

/**
 * A JSON array as a stream of UTF-8, read from `items` only as fast as the stream is read: no more than one chunk
 * is held at a time. The first item is awaited before the stream is returned, so that a source that fails at once
 * fails the request instead of breaking off its answer.
 * @param onFailure is told when the source fails half-way; the stream then breaks off, so that nobody takes what
 * has been sent for the whole
 */
export async function jsonArrayStream<Item>(
  items: AsyncIterable<Item>,
  toWire: (item: Item) => unknown,
  onFailure: (error: Error) => void,
): Promise<ReadableStream<Uint8Array>> {
  const iterator = items[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let next = await iterator.next();
  let text = "[";
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        while (!next.done && text.length < chunkCharacters) {
          text += JSON.stringify(toWire(next.value));
          next = await iterator.next();
          text += next.done ? "" : ",";
        }
        const isLast = next.done === true && text.length < chunkCharacters;
        controller.enqueue(encoder.encode(isLast ? `${text}]` : text));
        text = "";
        if (isLast) controller.close();
      } catch (error) {
        const failure = error instanceof Error ? error : new Error("unknown");
        onFailure(failure);
        controller.error(failure);
      }
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

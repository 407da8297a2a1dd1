/** How much is handed on at once, in bytes. */
const chunkBytes = 128 * 1024;

/**
 * A JSON array as a stream of UTF-8, put together from texts of one or more items each, separated by commas. The
 * source is read only as fast as the stream is, and no further once nobody reads it. Its first text is awaited before
 * the stream is returned, so that a source that fails at once fails the request instead of breaking off its answer.
 * @param onFailure is told when the source fails half-way; the stream then breaks off, so that nobody takes what
 * has been sent for the whole
 */
export async function jsonArrayStream(
  texts: AsyncIterable<string>,
  onFailure: (error: Error) => void,
): Promise<ReadableStream<Uint8Array>> {
  const source = texts[Symbol.asyncIterator]();
  const first = await source.next();
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  // Goes on beside the answer, which is what reads the stream; aborting fails where nobody does any more.
  send(arrayText(first, source, onFailure), writer).catch(() => {});
  return readable;
}

/** @throws what the source throws, which is told before */
async function* arrayText(
  first: IteratorResult<string>,
  source: AsyncIterator<string>,
  onFailure: (error: Error) => void,
): AsyncIterable<string> {
  try {
    let next = first;
    yield "[";
    while (next.done !== true) {
      yield next.value;
      next = await source.next();
      if (next.done !== true) yield ",";
    }
    yield "]";
  } catch (error) {
    onFailure(error instanceof Error ? error : new Error("unknown"));
    throw error;
  } finally {
    await source.return?.();
  }
}

/**
 * Writes text as UTF-8, always from the same buffer: the stream resolves a write when it has been read. Aborts the
 * stream when the text breaks off, and ends the text when nobody reads it any more.
 */
async function send(texts: AsyncIterable<string>, writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
  const encoder = new TextEncoder();
  const chunk = new Uint8Array(chunkBytes);
  let filled = 0;
  try {
    for await (const text of texts) {
      let rest = text;
      while (rest.length > 0) {
        const { read, written } = encoder.encodeInto(rest, chunk.subarray(filled));
        filled += written;
        rest = rest.slice(read);
        if (rest.length > 0) {
          await writer.write(chunk.subarray(0, filled));
          filled = 0;
        }
      }
    }
    await writer.write(chunk.subarray(0, filled));
    await writer.close();
  } catch {
    // The runtime logs what it is told here; the failure itself may quote what nobody should read there.
    await writer.abort(new Error("The answer was broken off."));
  }
}

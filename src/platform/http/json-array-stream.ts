/** How much is passed on at once, in bytes. */
const chunkBytes = 128 * 1024;

/**
 * A JSON array as a stream of UTF-8. Each text has one or more items, separated by commas. The source is read only as
 * fast as the stream, and no further once the stream's reader has gone. The first text is awaited before the stream is
 * returned: a source that fails at once then fails the request instead of cutting its answer short.
 * @param onFailure called when the source fails later; the stream then breaks off, so that no client takes the part
 * for the whole
 */
export async function jsonArrayStream(
  texts: AsyncIterable<string>,
  onFailure: (error: Error) => void,
): Promise<ReadableStream<Uint8Array>> {
  const source = texts[Symbol.asyncIterator]();
  const first = await source.next();
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  // Runs while the answer reads the stream. Aborting the stream fails when its reader has gone.
  send(arrayText(first, source, onFailure), writer).catch(() => {});
  return readable;
}

/** @throws what the source throws, after calling `onFailure` */
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
 * Writes text as UTF-8, always from the same buffer. That is safe because the stream resolves a write only when it has
 * been read. Aborts the stream when the text breaks off, and ends the text when the reader has gone.
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
    // The runtime logs this error. The original one may quote data that must not be logged.
    await writer.abort(new Error("The answer was broken off."));
  }
}

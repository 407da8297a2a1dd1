/** D1 accepts 2 MB per parameter. The rest is a margin. */
export const parameterBytesMax = 1_000_000;

const encoder = new TextEncoder();

/** The bytes of a text in UTF-8, which is what D1 counts. */
export const bytesOf = (text: string): number => encoder.encode(text).length;

/**
 * Rows as JSON arrays, each short enough for a parameter. They are split by bytes, because rows may have any length. A
 * row longer than {@link parameterBytesMax} gets a parameter of its own.
 */
export function inParameters(rows: readonly unknown[]): readonly string[] {
  const parameters: string[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const text = JSON.stringify(row);
    const length = bytesOf(text) + 1;
    if (bytes + length > parameterBytesMax) {
      parameters.push([]);
      bytes = 0;
    }
    parameters.at(-1)?.push(text);
    bytes += length;
  }
  return parameters.map((texts) => `[${texts.join(",")}]`);
}

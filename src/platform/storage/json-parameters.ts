/** D1 takes 2 MB for a parameter; the rest is room. */
export const parameterBytesMax = 1_000_000;

const encoder = new TextEncoder();

/** The bytes of a text in UTF-8, which is what D1 counts. */
export const bytesOf = (text: string): number => encoder.encode(text).length;

/**
 * Rows as JSON arrays, each short enough for a parameter: split by bytes, not by rows, which may be of any length. A row
 * that is longer than {@link parameterBytesMax} by itself has a parameter of its own.
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

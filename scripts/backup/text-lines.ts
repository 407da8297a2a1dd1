import { createReadStream } from "node:fs";

/**
 * The lines of a file, which end with a line feed and with nothing else: `readline` also ends them at U+2028, which a
 * customer's text may hold.
 */
export async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of createReadStream(file, { encoding: "utf8", highWaterMark: 1 << 20 })) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

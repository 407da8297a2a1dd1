import { styleText } from "node:util";
import type { ApiAnswer, ApiRequest } from "../api.ts";
import { jsonText } from "./json-text.ts";

const indent = "   ";

/** Colours on a terminal only; `styleText` asks standard output, and NO_COLOR, whether they are wanted. */
const style = (format: Parameters<typeof styleText>[0], text: string): string =>
  styleText(format, text, { stream: process.stdout });

/** Tells the journey on standard output. */
export class Narrator {
  #chapters = 0;

  title(text: string): void {
    console.log(`\n${style("bold", text)}`);
  }

  chapter(text: string): void {
    this.#chapters += 1;
    console.log(`\n${style(["bold", "cyan"], `${this.#chapters}. ${text}`)}`);
  }

  say(text: string): void {
    console.log(`${indent}${text}`);
  }

  /** Says something about what has been shown. */
  sayAfterwards(text: string): void {
    console.log("");
    this.say(text);
  }

  /** @param caller who asks, as it is told: `employee`, `order system` */
  request(caller: string, { method, path, headers, body }: ApiRequest): void {
    console.log(`\n${indent}${style("bold", `${method} ${path}`)}  ${style("dim", `as ${caller}`)}`);
    for (const [name, value] of Object.entries(headers ?? {})) console.log(`${indent}${name}: ${value}`);
    if (body !== undefined) this.#block(jsonText(body));
  }

  /** @param shown names of the headers to show */
  answer({ status, headers, body }: ApiAnswer, shown: readonly string[]): void {
    console.log(`${indent}${style(status < 400 ? "green" : "yellow", `→ ${status}`)}`);
    for (const name of shown) console.log(`${indent}${name}: ${headers.get(name) ?? "—"}`);
    if (body !== null) this.#block(jsonText(body));
  }

  #block(text: string): void {
    console.log(text.replaceAll(/^/gm, indent));
  }
}

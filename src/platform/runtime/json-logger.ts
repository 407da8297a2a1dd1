import type { Logger } from "./ports.ts";

type Facts = Readonly<Record<string, unknown>>;

/**
 * Characters that JSON does not escape, but that a log reader may take for a line end, a terminal command or a change
 * of writing direction: DEL and C1 controls, line and paragraph separators, bidirectional controls.
 */
const treacherous = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/**
 * Writes each event to the console as one line of JSON. JSON escapes control characters and lone surrogates. The rest
 * is escaped here, so nothing that a client sends can forge or break a line.
 * @param shared facts that every line carries
 */
export function jsonLogger(shared: Facts = {}): Logger {
  const line = (level: string, event: string, facts: Facts = {}): string =>
    JSON.stringify({ level, event, ...shared, ...facts }).replaceAll(treacherous, escaped);
  return {
    info: (event, facts) => console.log(line("info", event, facts)),
    warn: (event, facts) => console.warn(line("warn", event, facts)),
    error: (event, facts) => console.error(line("error", event, facts)),
  };
}

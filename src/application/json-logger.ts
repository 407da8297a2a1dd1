import type { Logger } from "./ports.ts";

type Facts = Readonly<Record<string, unknown>>;

/**
 * Writes a line of JSON an event to the console. JSON escapes every control character, so nothing that a
 * client sends can forge a line.
 * @param shared facts that every line carries
 */
export function jsonLogger(shared: Facts = {}): Logger {
  const line = (level: string, event: string, facts: Facts = {}): string =>
    JSON.stringify({ level, event, ...shared, ...facts });
  return {
    info: (event, facts) => console.log(line("info", event, facts)),
    warn: (event, facts) => console.warn(line("warn", event, facts)),
    error: (event, facts) => console.error(line("error", event, facts)),
  };
}

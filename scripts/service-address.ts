import { UsageError } from "./usage-error.ts";

export const defaultPort = 8787;

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws {UsageError} when PORT is no port. */
export function portOf(environment: Environment): number {
  const text = environment["PORT"] ?? "";
  if (text === "") return defaultPort;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new UsageError(`PORT must be a whole number from 1 to 65535, not '${text}'.`);
  return port;
}

/** Where the service runs that listens to `port` on this machine. */
export const localBaseUrl = (port: number): string => `http://localhost:${port}`;

/**
 * Where the running service is: BASE_URL, or PORT on this machine.
 * @returns an origin or a path prefix, without a slash at the end
 * @throws {UsageError} when BASE_URL is no URL
 */
export function baseUrlOf(environment: Environment): string {
  const text = environment["BASE_URL"] ?? "";
  if (text === "") return localBaseUrl(portOf(environment));
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new UsageError(`BASE_URL must be a URL like http://localhost:${defaultPort}, not '${text}'.`);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

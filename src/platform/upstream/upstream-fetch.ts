import type { UpstreamTime } from "./upstream-time.ts";

/** The part of the platform's `fetch` that calls to upstream services use. */
export type UpstreamFetch = (url: string, init: UpstreamRequestInit) => Promise<Response>;

export interface UpstreamRequestInit {
  readonly method: "GET" | "POST" | "DELETE";
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
}

export type UpstreamRequest = Pick<UpstreamRequestInit, "method" | "headers" | "body"> & {
  readonly url: string;
  /** The longest body that is read; {@link bodyBytesMax} unless given. */
  readonly answerBytesMax?: number;
};

/** Larger than any useful answer, unless a call says otherwise. The largest is a site mixin. */
export const bodyBytesMax = 256 * 1024;

/** How one request ended. A reason never contains text from the other side. */
export type UpstreamAttempt =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** Undefined when the body is too long, was cut off, or is not JSON. */
      readonly body: unknown;
      /** How long the other side asks callers to wait; null when it does not say. */
      readonly retryAfterMs: number | null;
    }
  /** Whether the other side acted on the request is unknown. */
  | { readonly kind: "unanswered"; readonly reason: string };

const expired = Symbol("expired");

/**
 * Makes one request. Never throws, and ends after `limitMs` at the latest. Reads a bounded part of the answer. Does not follow redirects, which would carry the token along.
 */
export async function fetchOnce(
  { url, answerBytesMax = bodyBytesMax, ...request }: UpstreamRequest,
  limitMs: number,
  { fetch: send = platformFetch, time }: { readonly fetch?: UpstreamFetch; readonly time: UpstreamTime },
): Promise<UpstreamAttempt> {
  const abort = new AbortController();
  let callOff = (): void => {};
  // The signal alone is not enough: the deadline must hold even if the request ignores it.
  const expiry = new Promise<typeof expired>((resolve) => {
    callOff = time.after(limitMs, () => {
      resolve(expired);
      abort.abort();
    });
  });
  try {
    const sent = send(url, { ...request, redirect: "manual", signal: abort.signal });
    const response = await Promise.race([sent, expiry]);
    if (response === expired) return { kind: "unanswered", reason: "timed out" };
    const text = await Promise.race([boundedText(response, answerBytesMax), expiry]);
    return {
      kind: "answered",
      status: response.status,
      body: text === expired || text === null ? undefined : parsed(text),
      retryAfterMs: retryAfterMs(response.headers.get("Retry-After")),
    };
  } catch {
    // The error's message must not be logged: it can quote the address, which contains coupon codes.
    return { kind: "unanswered", reason: abort.signal.aborted ? "timed out" : "connection lost" };
  } finally {
    callOff();
    abort.abort();
  }
}

const platformFetch: UpstreamFetch = (url, init) => fetch(url, init);

/** Null when the body is longer than `bytesMax` or the connection was lost. The status still counts. */
async function boundedText(response: Response, bytesMax: number): Promise<string | null> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) return null;
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch {
    return null;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The header's seconds as milliseconds. Its other form, a date, is ignored. */
function retryAfterMs(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null;
}

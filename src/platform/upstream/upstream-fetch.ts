import type { UpstreamTime } from "./upstream-time.ts";

/** As much of the platform's `fetch` as calls to other services use. */
export type UpstreamFetch = (url: string, init: UpstreamRequestInit) => Promise<Response>;

export interface UpstreamRequestInit {
  readonly method: "GET" | "POST" | "DELETE";
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
}

export type UpstreamRequest = Pick<UpstreamRequestInit, "method" | "headers" | "body"> & { readonly url: string };

/** Larger than any answer that is of use: a site mixin is the largest. */
export const bodyBytesMax = 256 * 1024;

/** How one request ended. Nothing of what the other side wrote stands in a reason. */
export type UpstreamAttempt =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** Undefined when the body is too long, was cut off, or is not JSON. */
      readonly body: unknown;
      /** For how long the other side asks to be left alone; null when it does not say. */
      readonly retryAfterMs: number | null;
    }
  /** Whether the other side acted on the request is unknown. */
  | { readonly kind: "unanswered"; readonly reason: string };

const expired = Symbol("expired");

/**
 * Makes one request. It never throws, ends after `limitMs` at the latest, reads at most {@link bodyBytesMax} of the
 * answer, and does not follow redirects: those would take the token along.
 */
export async function fetchOnce(
  { url, ...request }: UpstreamRequest,
  limitMs: number,
  { fetch: send = platformFetch, time }: { readonly fetch?: UpstreamFetch; readonly time: UpstreamTime },
): Promise<UpstreamAttempt> {
  const abort = new AbortController();
  let callOff = (): void => {};
  // The signal alone is not relied on: the deadline holds even when the request takes no notice of it.
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
    const text = await Promise.race([boundedText(response), expiry]);
    return {
      kind: "answered",
      status: response.status,
      body: text === expired || text === null ? undefined : parsed(text),
      retryAfterMs: retryAfterMs(response.headers.get("Retry-After")),
    };
  } catch {
    // The error's message is of no use to the log: it can quote the address, which holds codes.
    return { kind: "unanswered", reason: abort.signal.aborted ? "timed out" : "connection lost" };
  } finally {
    callOff();
    abort.abort();
  }
}

const platformFetch: UpstreamFetch = (url, init) => fetch(url, init);

/** Null when there is more than {@link bodyBytesMax}, or the connection was lost half-way: the status still counts. */
async function boundedText(response: Response): Promise<string | null> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > bodyBytesMax) return null;
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

/** The header's seconds; its other form, a date, is not looked at. */
function retryAfterMs(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null;
}

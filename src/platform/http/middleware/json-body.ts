import { bodyLimit } from "hono/body-limit";
import type { Check } from "../checks.ts";
import type { Failure } from "../failure.ts";
import { Refused } from "../refused.ts";

/** The largest body that is read, unless an operation takes more. */
export const bodyBytesMax = 64 * 1024;

/** Admits only bodies of at most `bytesMax` bytes. */
export function limitBodyTo(bytesMax: number): Check {
  const bodyLimited = bodyLimit({
    maxSize: bytesMax,
    onError: () => {
      throw new Refused({ code: "payload_too_large", limitBytes: bytesMax });
    },
  });
  return async (c) => {
    await received(bodyLimited(c, async () => {}));
  };
}

/** Admits only bodies of at most {@link bodyBytesMax} bytes. */
export const limitBody: Check = limitBodyTo(bodyBytesMax);

/**
 * The result of `reading` a body.
 * @throws {Refused} when the body breaks off or is framed wrongly: that is the client's fault, not the service's
 */
async function received<Read>(reading: Promise<Read>): Promise<Read> {
  try {
    return await reading;
  } catch (error) {
    throw error instanceof Refused ? error : new Refused(invalidBody("The body broke off."));
  }
}

const invalidBody = (message: string): Failure => ({
  code: "validation_failed",
  violations: [{ field: null, message, type: "invalid_body" }],
});

const charsetPattern = /;\s*charset\s*=\s*"?([^\s;"]*)/i;

/**
 * Admits only bodies in UTF-8 whose Content-Type is one of `mediaTypes` (lower case, without parameters). Refuses bytes
 * that are not UTF-8: read leniently, two different bodies would have the same text.
 */
export function requireMediaType(...mediaTypes: readonly string[]): Check {
  return async (c) => {
    const contentType = c.req.header("Content-Type") ?? "";
    const mediaType = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
    const charset = charsetPattern.exec(contentType)?.[1]?.toLowerCase() ?? "utf-8";
    const encoding = c.req.header("Content-Encoding")?.trim().toLowerCase() ?? "identity";
    if (!mediaTypes.includes(mediaType) || charset !== "utf-8" || encoding !== "identity") {
      throw new Refused({ code: "unsupported_media_type", mediaTypes });
    }
    const text = textOf(await received(c.req.arrayBuffer()));
    if (text === null) throw new Refused(invalidBody("The body is not UTF-8."));
    // Hono reads the text from here, as a promise (its types do not say so). Otherwise it would decode the bytes again.
    Object.assign(c.req.bodyCache, { text: Promise.resolve(text) });
  };
}

/**
 * Lets a request without a body pass as one with an empty object: clients leave out a body that is optional, and its
 * Content-Type. Where members are required, the schema then says which.
 * @param check for all other requests
 */
export function orNoBody(check: Check): Check {
  return async (c) => {
    const contentType = c.req.header("Content-Type");
    const mayBeEmpty = contentType === undefined || /^application\/json\b/i.test(contentType);
    if (!mayBeEmpty || (await received(c.req.arrayBuffer())).byteLength > 0) return await check(c);
    Object.assign(c.req.bodyCache, { text: Promise.resolve("{}") });
  };
}

/** The text of the bytes, as `Request.text()` gives it; null when they are not UTF-8. */
function textOf(bytes: ArrayBuffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return null;
  }
}

import { bodyLimit } from "hono/body-limit";
import type { Check } from "../checks.ts";
import type { Failure } from "../failure.ts";
import { Refused } from "../refused.ts";

/** The largest body that is read, unless an operation takes more. */
export const bodyBytesMax = 64 * 1024;

/** Lets only bodies pass of at most so many bytes. */
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

/** Lets only bodies pass that are not too large to be read. */
export const limitBody: Check = limitBodyTo(bodyBytesMax);

/**
 * What `reading` a body comes to.
 * @throws {Refused} when it breaks off, or is framed wrongly: that is its sender's doing, and no fault of the service
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
 * Lets only bodies pass whose Content-Type is one of `mediaTypes` (lower case, without parameters), in UTF-8. Bytes
 * that stand for no text are refused: read leniently, two different bodies would be the same one.
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
    // Hono takes the text from here, as the promise that its types do not tell of; it would make one of the bytes again.
    Object.assign(c.req.bodyCache, { text: Promise.resolve(text) });
  };
}

/** The text that the bytes stand for, as `Request.text()` has it; null when they stand for none. */
function textOf(bytes: ArrayBuffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return null;
  }
}

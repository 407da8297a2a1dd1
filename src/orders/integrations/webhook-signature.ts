import canonicalize from "canonicalize";
import type { TenantId } from "../../platform/values/identifiers.ts";
import type { WebhookSignatures } from "../use-cases/event-ports.ts";

/** The secrets of each tenant. During a rotation, there is an old and a new one. */
export type WebhookSecrets = ReadonlyMap<string, readonly string[]>;

/** Base64 of the 32 bytes of an HMAC-SHA256. */
const signaturePattern = /^[A-Za-z0-9+/]{43}=$/;

const algorithm = { name: "HMAC", hash: "SHA-256" } as const;

/**
 * Signatures as Emporix makes them: HMAC-SHA256 in base64 over the event as JSON with members sorted at every level,
 * without spaces, and integers without a fraction (RFC 8785). A signature over the body as sent counts as well, for
 * senders that sign the bytes.
 */
export class HmacWebhookSignatures implements WebhookSignatures {
  readonly #secrets: WebhookSecrets;

  constructor(secrets: WebhookSecrets) {
    this.#secrets = secrets;
  }

  async verify(tenant: TenantId, body: string, signature: string): Promise<boolean> {
    const given = bytesOf(signature);
    const secrets = this.#secrets.get(tenant) ?? [];
    if (given === null) return false;
    const texts = signedTexts(body);
    const matches = await Promise.all(secrets.flatMap((secret) => texts.map((text) => matching(secret, text, given))));
    return matches.includes(true);
  }
}

/** The texts that may have been signed. */
function signedTexts(body: string): readonly string[] {
  const canonical = canonicalText(body);
  return canonical === null || canonical === body ? [body] : [canonical, body];
}

/** Null when the body is not JSON, or is nested too deeply to be written again. */
function canonicalText(body: string): string | null {
  try {
    return canonicalize(JSON.parse(body)) ?? null;
  } catch {
    return null;
  }
}

/** Compares in constant time, as Web Crypto's `verify` does. */
async function matching(secret: string, text: string, signature: Uint8Array): Promise<boolean> {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["verify"]);
  return crypto.subtle.verify(algorithm.name, key, signature, encoder.encode(text));
}

/** Null unless the text is the one valid base64 form of a signature's bytes. */
function bytesOf(signature: string): Uint8Array | null {
  if (!signaturePattern.test(signature)) return null;
  const binary = atob(signature);
  return btoa(binary) === signature ? Uint8Array.from(binary, (character) => character.charCodeAt(0)) : null;
}

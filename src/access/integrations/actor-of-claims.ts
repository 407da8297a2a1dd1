import { sha256Hex } from "../../platform/runtime/sha256.ts";
import type { Actor } from "../../platform/values/identifiers.ts";

/** The claims that name a caller without a customer id, as the issuer wrote them; undefined if it left them out. */
export interface CallerClaims {
  readonly clientId: unknown;
  /** The authorized party. Some issuers name the client here instead. */
  readonly authorizedParty: unknown;
  readonly subject: unknown;
}

/** 1–255 printable characters, as OpenID Connect bounds a subject. The journal and the log can show these. */
const namePattern = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,255}$/u;

/**
 * How the journal, the log and idempotency keys name an employee or an API client: `client:backoffice` for a client's
 * own token, `client:backoffice/user:42` for an employee who uses the client. Two callers have the same actor only if
 * the issuer gives them the same client and the same subject.
 *
 * Inside a name, `%` and `/` are percent-encoded, so that no name can be taken for two. After `client:` and `user:`, a
 * `%` that encodes neither marks a stand-in: `%unknown`, or `%sha256:…` for a claim that is too long or not printable.
 */
export function actorOfClaims({ clientId, authorizedParty, subject }: CallerClaims): Actor {
  const client = nameOf(clientId) ?? nameOf(authorizedParty);
  const user = nameOf(subject);
  // A client's own token names the client as its subject (RFC 9068, section 2.2), or has no subject.
  if (client === null || user === null || user === client) return `client:${client ?? user ?? "%unknown"}` as Actor;
  return `client:${client}/user:${user}` as Actor;
}

/** A claim as a part of an actor; null when it is absent or empty. */
function nameOf(claim: unknown): string | null {
  if (claim === undefined || claim === "") return null;
  if (typeof claim === "string" && namePattern.test(claim)) return claim.replace(/[%/]/g, encodeURIComponent);
  // As JSON, so that a number differs from the text of its digits.
  return `%sha256:${sha256Hex(JSON.stringify(claim))}`;
}

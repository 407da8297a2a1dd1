import { sha256Hex } from "../../platform/runtime/sha256.ts";
import type { Actor } from "../../platform/values/identifiers.ts";

/** The claims that name a caller without a customer id, as the issuer has written them; undefined where it has not. */
export interface CallerClaims {
  readonly clientId: unknown;
  /** The authorized party: how some issuers name the client instead. */
  readonly authorizedParty: unknown;
  readonly subject: unknown;
}

/** 1–255 printable characters, as OpenID Connect bounds a subject: what the journal and the log can show. */
const namePattern = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,255}$/u;

/**
 * How the journal, the log and idempotency name an employee or a back office: `client:backoffice` for a client's own
 * token, `client:backoffice/user:42` for an employee who uses it. Two callers have one actor only if the issuer gives
 * them the same client and the same subject.
 *
 * Inside a name, `%` and `/` are percent-encoded, so that no name can be taken for two. After `client:` and `user:`, a
 * `%` that encodes neither marks what is no name: `%unknown`, and `%sha256:…` for a claim too long or not printable.
 */
export function actorOfClaims({ clientId, authorizedParty, subject }: CallerClaims): Actor {
  const client = nameOf(clientId) ?? nameOf(authorizedParty);
  const user = nameOf(subject);
  // A client's own token names the client as its subject (RFC 9068, section 2.2), or nobody.
  if (client === null || user === null || user === client) return `client:${client ?? user ?? "%unknown"}` as Actor;
  return `client:${client}/user:${user}` as Actor;
}

/** A claim as a part of an actor; null when it names nobody. */
function nameOf(claim: unknown): string | null {
  if (claim === undefined || claim === "") return null;
  if (typeof claim === "string" && namePattern.test(claim)) return claim.replace(/[%/]/g, encodeURIComponent);
  // As JSON, so that a number differs from the text of its digits.
  return `%sha256:${sha256Hex(JSON.stringify(claim))}`;
}

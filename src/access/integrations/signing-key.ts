import type { JWK } from "jose";

/** The signature algorithms that tokens may carry: asymmetric ones only, so that no public key serves as a secret. */
export const signatureAlgorithms = ["EdDSA", "Ed25519", "ES256", "RS256"] as const;

/** A private JSON Web Key, as AUTH_SIGNING_KEY holds it. */
export interface SigningKey {
  readonly kty: string;
  readonly alg: (typeof signatureAlgorithms)[number];
  readonly kid: string;
  readonly [member: string]: unknown;
}

/** The `typ` of the access tokens that the embedded issuer signs (RFC 9068). */
export const accessTokenType = "at+jwt";

/** The `typ` of a guest's refresh tokens: no verifier of access tokens takes them. */
export const refreshTokenType = "rt+jwt";

/** The members of a key that are public, by key type (RFC 7518 §6, RFC 8037 §2). Everything else stays here. */
const publicMembers: ReadonlyMap<string, readonly string[]> = new Map([
  ["EC", ["crv", "x", "y"]],
  ["OKP", ["crv", "x"]],
  ["RSA", ["n", "e"]],
]);

/**
 * The public half of `key`.
 * @throws {Error} when the key's type is not EC, OKP or RSA, or a public member is missing.
 */
export function publicKeyOf(key: SigningKey): JWK {
  const names = publicMembers.get(key.kty);
  if (names === undefined) throw new Error("The signing key's kty must be EC, OKP or RSA.");
  const members = names.map((name): [string, string] => {
    const member = key[name];
    if (typeof member !== "string") throw new Error(`The signing key has no ${name}.`);
    return [name, member];
  });
  return { kty: key.kty, ...Object.fromEntries(members), alg: key.alg, kid: key.kid, use: "sig" };
}

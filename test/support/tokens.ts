import { env } from "cloudflare:workers";
import { importJWK, type JWK, type JWTPayload, SignJWT } from "jose";
import { clientIdOf } from "./api-client-names.ts";

const signingKey: { readonly alg: string; readonly kid: string } = JSON.parse(env.AUTH_SIGNING_KEY);

const rightHeader = { alg: signingKey.alg, kid: signingKey.kid, typ: "at+jwt" };

/** What a token is made of; every part can be made wrong. */
export interface TokenParts {
  readonly claims?: JWTPayload;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Claims that are left out. */
  readonly without?: readonly string[];
  readonly key?: CryptoKey | Uint8Array;
}

/** A token that is right in every way but those given. */
export async function signToken({ claims = {}, header = {}, without = [], key }: TokenParts): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const complete: JWTPayload = {
    iss: env.AUTH_ISSUER,
    aud: env.AUTH_AUDIENCE,
    sub: "test",
    iat: now,
    exp: now + 600,
    ...claims,
  };
  for (const claim of without) delete complete[claim];
  return new SignJWT(complete)
    .setProtectedHeader({ ...rightHeader, ...header })
    .sign(key ?? (await importJWK(signingKey)));
}

/**
 * A token of `header` and `payload` as they are given, with a signature that is right: what no library would sign.
 * @param payload text, also such as is no JSON
 */
export async function signAsGiven(header: object, payload: string): Promise<string> {
  const signed = `${base64url(JSON.stringify({ ...rightHeader, ...header }))}.${base64url(payload)}`;
  const key = (await importJWK(signingKey)) as CryptoKey;
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, new TextEncoder().encode(signed));
  return `${signed}.${base64url(String.fromCharCode(...new Uint8Array(signature)))}`;
}

export const view = "rewardspoints.rewardpoints_view";
export const manage = "rewardspoints.rewardpoints_manage";
export const everyScope = `${view} ${manage} coupon.coupon_read site.site_manage`;

export const employeeToken = (tenant: string, scope: string = everyScope, client = "backoffice"): Promise<string> =>
  signToken({ claims: { tenant, scope, client_id: client } });

export const customerToken = (tenant: string, customerId: string): Promise<string> =>
  signToken({ claims: { tenant, customer_id: customerId } });

export const guestToken = (tenant: string): Promise<string> => signToken({ claims: { tenant } });

/** The refresh token of a guest's session that the tenant's client (test/support/api-clients.ts) began. */
export const refreshTokenOf = (tenant: string): Promise<string> =>
  signToken({ header: { typ: "rt+jwt" }, claims: { tenant, client_id: clientIdOf(tenant), sub: "session" } });

const base64url = (text: string): string => btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** The three parts of a token. */
export function partsOf(token: string): readonly [header: string, payload: string, signature: string] {
  const [header = "", payload = "", signature = ""] = token.split(".");
  return [header, payload, signature];
}

/** `token` with another header, and the signature given. */
export const withHeader = (token: string, header: object, signature: string): string =>
  `${base64url(JSON.stringify(header))}.${partsOf(token)[1]}.${signature}`;

/** `token` with other claims and its old signature. */
export const withClaims = (token: string, claims: JWTPayload): string => {
  const [header, , signature] = partsOf(token);
  return `${header}.${base64url(JSON.stringify(claims))}.${signature}`;
};

/** The public half of the key that the service trusts, as everybody can read it at `/.well-known/jwks.json`. */
export function publicJwk(): JWK {
  const { d: _private, ...jwk } = JSON.parse(env.AUTH_SIGNING_KEY) as JWK;
  return jwk;
}

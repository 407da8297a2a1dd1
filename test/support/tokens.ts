import { env } from "cloudflare:workers";
import { importJWK, type JWTPayload, SignJWT } from "jose";

const signingKey: { readonly alg: string; readonly kid: string } = JSON.parse(env.AUTH_SIGNING_KEY);

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
    .setProtectedHeader({ alg: signingKey.alg, kid: signingKey.kid, typ: "at+jwt", ...header })
    .sign(key ?? (await importJWK(signingKey)));
}

export const view = "rewardspoints.rewardpoints_view";
export const manage = "rewardspoints.rewardpoints_manage";
export const everyScope = `${view} ${manage} coupon.coupon_read site.site_manage`;

export const employeeToken = (tenant: string, scope: string = everyScope, client = "backoffice"): Promise<string> =>
  signToken({ claims: { tenant, scope, client_id: client } });

export const customerToken = (tenant: string, customerId: string): Promise<string> =>
  signToken({ claims: { tenant, customer_id: customerId } });

export const guestToken = (tenant: string): Promise<string> => signToken({ claims: { tenant } });

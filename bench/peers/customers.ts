import { randomUUID } from "node:crypto";
import type { JWK } from "jose";
import { z } from "zod";
import { LocalIssuer } from "../../scripts/local-issuer.ts";
import { newSigningKey } from "../../scripts/local-secrets.ts";
import { publicKeyOf } from "../../src/access/integrations/signing-key.ts";
import type { CustomerId, TenantId } from "../../src/platform/values/identifiers.ts";
import type { BenchCustomer } from "../contestant.ts";
import { rawRequest } from "../load.ts";
import { peerPaths } from "./exchange.ts";
import { tokenIdentity } from "./signed-in.ts";

/** The one tenant of a peer. */
export const peerTenant = "bench";
/** The one redeem option of a peer. */
export const peerOptionId = "voucher";
/** Its coupon, as the service would store it. */
export const peerCoupon = JSON.stringify({
  name: "10 % off",
  discountType: "PERCENT",
  discountPercentage: 10,
  allowAnonymous: false,
  maxRedemptions: 1,
  maxRedemptionsPerCustomer: -1,
});

/** Longer than any run. */
const tokenSeconds = 6 * 60 * 60;
const signingKeyShape = z.looseObject({ kty: z.string(), alg: z.literal("ES256"), kid: z.string() });

/** Signs a peer's customers in. */
export class PeerIssuer {
  /** What the peer checks tokens with. */
  readonly publicKey: JWK;
  readonly #issuer: LocalIssuer;

  private constructor(publicKey: JWK, issuer: LocalIssuer) {
    this.publicKey = publicKey;
    this.#issuer = issuer;
  }

  static async create(): Promise<PeerIssuer> {
    const key = await newSigningKey();
    const variables = {
      AUTH_SIGNING_KEY: key,
      AUTH_ISSUER: tokenIdentity.issuer,
      AUTH_AUDIENCE: tokenIdentity.audience,
    };
    const publicKey = publicKeyOf(signingKeyShape.parse(JSON.parse(key)));
    return new PeerIssuer(publicKey, new LocalIssuer(variables, tokenSeconds));
  }

  signIn(ids: readonly string[]): Promise<readonly BenchCustomer[]> {
    return Promise.all(
      ids.map(async (id) => {
        const token = await this.#issuer.customerToken(peerTenant as TenantId, id as CustomerId);
        return {
          id,
          balance: rawRequest({ method: "GET", path: peerPaths.balance, token }),
          redeem: () =>
            rawRequest({
              method: "POST",
              path: peerPaths.redeem,
              token,
              headers: { "Idempotency-Key": randomUUID() },
              body: { id: peerOptionId },
            }),
        };
      }),
    );
  }
}

/** New customers' ids: those of one `call` are apart from those of another. */
export const customerIds = (call: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `customer-${call}-${index + 1}`);

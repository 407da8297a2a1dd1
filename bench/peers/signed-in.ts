import { importJWK, type JWK, jwtVerify } from "jose";

// Runs in Node.js and in Workers.

/** What the peers' tokens say of their issuer, and for whom they are. */
export const tokenIdentity = { issuer: "https://bench.local", audience: "bench" } as const;

export interface SignedInCustomer {
  readonly tenant: string;
  readonly customerId: string;
}

/** As long as the service remembers a verified token, and as many. */
const rememberedMsMax = 60_000;
const rememberedTokensMax = 5_000;
const clockToleranceSeconds = 5;
const bearer = "Bearer ";

/** Checks customers' tokens as the service does: ES256, issuer, audience and time, and remembers good ones. */
export class TokenCheck {
  readonly #key: ReturnType<typeof importJWK>;
  readonly #remembered = new Map<string, { readonly customer: SignedInCustomer; readonly until: number }>();

  constructor(publicKey: JWK) {
    this.#key = importJWK(publicKey, "ES256");
  }

  /** @returns who has signed in; null when `authorization`, the header, shows nobody who has */
  async customerOf(authorization: string | undefined): Promise<SignedInCustomer | null> {
    if (authorization === undefined || !authorization.startsWith(bearer)) return null;
    const token = authorization.slice(bearer.length);
    const remembered = this.#remembered.get(token);
    if (remembered !== undefined && Date.now() < remembered.until) return remembered.customer;
    const verified = await this.#verify(token);
    if (verified === null) return null;
    this.#remember(token, verified.customer, Math.min(Date.now() + rememberedMsMax, verified.expiresAt));
    return verified.customer;
  }

  async #verify(token: string): Promise<{ customer: SignedInCustomer; expiresAt: number } | null> {
    try {
      const { payload } = await jwtVerify(token, await this.#key, {
        ...tokenIdentity,
        algorithms: ["ES256"],
        typ: "at+jwt",
        requiredClaims: ["exp"],
        clockTolerance: clockToleranceSeconds,
      });
      const { tenant, customer_id: customerId, exp } = payload;
      if (typeof tenant !== "string" || typeof customerId !== "string" || exp === undefined) return null;
      return { customer: { tenant, customerId }, expiresAt: exp * 1_000 };
    } catch {
      return null;
    }
  }

  #remember(token: string, customer: SignedInCustomer, until: number): void {
    this.#remembered.delete(token);
    this.#remembered.set(token, { customer, until });
    if (this.#remembered.size <= rememberedTokensMax) return;
    const oldest = this.#remembered.keys().next();
    if (oldest.done !== true) this.#remembered.delete(oldest.value);
  }
}

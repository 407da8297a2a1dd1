import { fileURLToPath } from "node:url";
import { unstable_readConfig } from "wrangler";
import { z } from "zod";
import { signToken } from "../src/access/integrations/embedded-issuer.ts";
import { type SigningKey, signatureAlgorithms } from "../src/access/integrations/signing-key.ts";
import type { CustomerId, TenantId } from "../src/platform/values/identifiers.ts";
import type { EpochMs } from "../src/platform/values/time.ts";
import { ensureLocalSecrets, readLocalSecrets } from "./local-secrets.ts";

const wranglerFile = fileURLToPath(new URL("../wrangler.toml", import.meta.url));

/** Signs tokens for the locally running service, with the service's own key. */
export class LocalIssuer {
  /** False when AUTH_JWKS_URL is set: the service then trusts that issuer's tokens, not these. */
  readonly isTrusted: boolean;
  readonly #key: SigningKey;
  readonly #identity: { readonly issuer: string; readonly audience: string };
  readonly #customerClaim: string;
  readonly #lifetimeSeconds: number;

  /** @param variables what the service sees in its environment */
  constructor(variables: Readonly<Record<string, unknown>>, lifetimeSeconds: number) {
    const text = (name: string, otherwise?: string): string => {
      const value = variables[name] ?? otherwise;
      if (typeof value !== "string") throw new Error(`${name} is missing in wrangler.toml.`);
      return value;
    };
    this.isTrusted = text("AUTH_JWKS_URL", "") === "";
    this.#key = signingKeyOf(text("AUTH_SIGNING_KEY"));
    this.#identity = { issuer: text("AUTH_ISSUER"), audience: text("AUTH_AUDIENCE") };
    this.#customerClaim = text("AUTH_CUSTOMER_CLAIM", "customer_id");
    this.#lifetimeSeconds = lifetimeSeconds;
  }

  employeeToken(tenant: TenantId, scopes: readonly string[], client: string = "local"): Promise<string> {
    return this.#sign(tenant, client, { client_id: client, scope: scopes.join(" ") });
  }

  customerToken(tenant: TenantId, customerId: CustomerId): Promise<string> {
    return this.#sign(tenant, customerId, { [this.#customerClaim]: customerId });
  }

  guestToken(tenant: TenantId): Promise<string> {
    return this.#sign(tenant, "guest", {});
  }

  #sign(tenant: TenantId, subject: string, claims: Readonly<Record<string, string>>): Promise<string> {
    const issuedAt = Date.now() as EpochMs;
    const content = { tenant, subject, claims, issuedAt, lifetimeSeconds: this.#lifetimeSeconds };
    return signToken(this.#key, this.#identity, content);
  }
}

/**
 * The issuer that the locally running service trusts: what .dev.vars sets comes before what wrangler.toml sets,
 * as in `wrangler dev`. Creates the secrets that .dev.vars lacks.
 * @param lifetimeSeconds of its tokens
 */
export async function localIssuer(lifetimeSeconds: number): Promise<LocalIssuer> {
  await ensureLocalSecrets();
  const { vars } = unstable_readConfig({ config: wranglerFile }, { hideWarnings: true });
  return new LocalIssuer({ ...vars, ...readLocalSecrets() }, lifetimeSeconds);
}

function signingKeyOf(json: string): SigningKey {
  try {
    const members = { kty: z.string(), alg: z.enum(signatureAlgorithms), kid: z.string(), d: z.string() };
    return z.looseObject(members).parse(JSON.parse(json));
  } catch {
    // Without the cause, which would quote the key.
    throw new Error("AUTH_SIGNING_KEY in .dev.vars is not a private JSON Web Key with kty, alg and kid.");
  }
}

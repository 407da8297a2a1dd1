import { z } from "zod";
import type { CustomerLedger } from "./durable-objects/customer-ledger.ts";

/** What the platform binds to the Worker; see wrangler.toml. */
export interface Bindings {
  readonly DB: D1Database;
  readonly SETTINGS_CACHE: KVNamespace;
  readonly CUSTOMER_LEDGER: DurableObjectNamespace<CustomerLedger>;
}

const commaSeparated = z
  .string()
  .default("")
  .transform((text) =>
    text
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  );
const optionalText = z
  .string()
  .optional()
  .transform((text) => (text === undefined || text === "" ? null : text));

const privateKey = z.string().transform((text, context) => {
  try {
    const jwk: unknown = JSON.parse(text);
    return z
      .looseObject({ kty: z.string(), alg: z.enum(["EdDSA", "Ed25519", "ES256", "RS256"]), kid: z.string() })
      .parse(jwk);
  } catch {
    context.addIssue({ code: "custom", message: "is not a private JSON Web Key with kty, alg and kid" });
    return z.NEVER;
  }
});

const configurationSchema = z
  .object({
    /** The `iss` that tokens must carry. */
    AUTH_ISSUER: z.string().min(1),
    /** The `aud` that tokens must carry. */
    AUTH_AUDIENCE: z.string().min(1),
    /** The claim that holds a signed-in customer's id. */
    AUTH_CUSTOMER_CLAIM: z.string().min(1).default("customer_id"),
    /** Key set of an external issuer. Empty: the embedded issuer, whose key is AUTH_SIGNING_KEY. */
    AUTH_JWKS_URL: optionalText.pipe(z.url().nullable()),
    /** The `typ` that the external issuer sets in its tokens' headers. Empty: not checked. */
    AUTH_TOKEN_TYPE: optionalText,
    /** Secret: the embedded issuer's private key, a JWK. */
    AUTH_SIGNING_KEY: privateKey.optional(),
    /** Origins whose pages may call the API, separated by commas; `*` for all. */
    CORS_ORIGINS: commaSeparated,
  })
  .refine((variables) => variables.AUTH_JWKS_URL !== null || variables.AUTH_SIGNING_KEY !== undefined, {
    path: ["AUTH_SIGNING_KEY"],
    message: "is needed as long as AUTH_JWKS_URL names no external issuer",
  });

/** The variables, validated. */
export type Configuration = z.output<typeof configurationSchema>;

/**
 * Reads the variables out of `env`.
 * @throws {Error} that names every variable that is missing or wrong, and never a value.
 */
export function readConfiguration(env: object): Configuration {
  const parsed = configurationSchema.safeParse(env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new Error(`The configuration is not valid. ${problems.join("; ")}`);
}

declare global {
  namespace Cloudflare {
    interface Env extends Bindings {}
  }
}

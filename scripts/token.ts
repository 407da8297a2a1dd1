import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { unstable_readConfig } from "wrangler";
import { z } from "zod";
import { parseCustomerId, parseTenantId, type TenantId } from "../src/domain/identifiers.ts";
import type { EpochMs } from "../src/domain/time.ts";
import { signAccessToken } from "../src/integrations/tokens/embedded-issuer.ts";
import { type SigningKey, signatureAlgorithms } from "../src/integrations/tokens/signing-key.ts";
import { ensureLocalSecrets, readLocalSecrets } from "./local-secrets.ts";
import { runScript, UsageError } from "./usage-error.ts";

// Prints a bearer token for the locally running service, and nothing else.

const usage = `Usage: npm run -s token -- --tenant <tenant> [--scope "<scope> <scope>" | --customer <id>] [--ttl <seconds>]
  --scope     an employee's token, with these scopes
  --customer  a customer's token
  neither     a guest's token
  --ttl       seconds until it expires; 3600 unless given`;

const lifetimeSecondsMax = 31_536_000;
const wranglerFile = fileURLToPath(new URL("../wrangler.toml", import.meta.url));

interface TokenRequest {
  readonly tenant: TenantId;
  readonly customerId: string | null;
  readonly scopes: readonly string[];
  readonly lifetimeSeconds: number;
}

/** @returns null when the usage is asked for. */
function requestOf(words: readonly string[]): TokenRequest | null {
  const { values } = parseArgs({
    args: [...words],
    options: {
      tenant: { type: "string" },
      scope: { type: "string" },
      customer: { type: "string" },
      ttl: { type: "string", default: "3600" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) return null;
  if (values.tenant === undefined) throw new UsageError(`--tenant is missing.\n${usage}`);
  const tenant = parseTenantId(values.tenant);
  if (tenant === null) {
    throw new UsageError("--tenant must be 3 to 16 of a-z, 0-9 and -, starting with a letter, and no reserved name.");
  }
  if (values.customer !== undefined && values.scope !== undefined) {
    throw new UsageError("--customer and --scope exclude each other: a customer has no scopes.");
  }
  if (values.customer !== undefined && parseCustomerId(values.customer) === null) {
    throw new UsageError("--customer must be 1 to 128 printable characters.");
  }
  const lifetimeSeconds = /^[1-9]\d{0,8}$/.test(values.ttl) ? Number(values.ttl) : Number.NaN;
  if (!(lifetimeSeconds <= lifetimeSecondsMax)) {
    throw new UsageError(`--ttl must be a whole number of seconds from 1 to ${lifetimeSecondsMax}.`);
  }
  return { tenant, customerId: values.customer ?? null, scopes: scopesOf(values.scope), lifetimeSeconds };
}

function scopesOf(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const scopes = text.split(/\s+/).filter((scope) => scope !== "");
  if (scopes.length === 0) throw new UsageError("--scope names no scope. Leave it out for a guest's token.");
  return scopes;
}

function contentOf(request: TokenRequest, customerClaim: string): Parameters<typeof signAccessToken>[2] {
  const { tenant, customerId, scopes, lifetimeSeconds } = request;
  const shared = { tenant, lifetimeSeconds, issuedAt: Date.now() as EpochMs };
  if (customerId !== null) return { ...shared, subject: customerId, claims: { [customerClaim]: customerId } };
  if (scopes.length === 0) return { ...shared, subject: "guest", claims: {} };
  return { ...shared, subject: "local", claims: { client_id: "local", scope: scopes.join(" ") } };
}

interface LocalIssuer {
  readonly key: SigningKey;
  readonly issuer: string;
  readonly audience: string;
  readonly customerClaim: string;
  /** Empty when the service trusts its own key. */
  readonly externalKeySet: string;
}

/** The variables as `wrangler dev` sees them: what .dev.vars sets comes before what wrangler.toml sets. */
function localIssuer(): LocalIssuer {
  const variables = {
    ...unstable_readConfig({ config: wranglerFile }, { hideWarnings: true }).vars,
    ...readLocalSecrets(),
  };
  const text = (name: string, otherwise?: string): string => {
    const value = variables[name] ?? otherwise;
    if (typeof value !== "string") throw new Error(`${name} is missing in wrangler.toml.`);
    return value;
  };
  return {
    key: signingKeyOf(text("AUTH_SIGNING_KEY")),
    issuer: text("AUTH_ISSUER"),
    audience: text("AUTH_AUDIENCE"),
    customerClaim: text("AUTH_CUSTOMER_CLAIM", "customer_id"),
    externalKeySet: text("AUTH_JWKS_URL", ""),
  };
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

await runScript(async () => {
  const request = requestOf(process.argv.slice(2));
  if (request === null) return console.log(usage);
  await ensureLocalSecrets();
  const issuer = localIssuer();
  if (issuer.externalKeySet !== "") {
    console.error("AUTH_JWKS_URL is set: the service trusts that issuer's tokens, not this one.");
  }
  console.log(await signAccessToken(issuer.key, issuer, contentOf(request, issuer.customerClaim)));
});

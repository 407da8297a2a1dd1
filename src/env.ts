import { z } from "zod";
import type { Logger } from "./platform/runtime/ports.ts";
import { parseTenantId, type TenantId } from "./platform/values/identifiers.ts";
import { everyTenant, TenantDatabases, type TenantMap } from "./tenants/storage/tenant-databases.ts";

const commaSeparated = z
  .string()
  .default("")
  .transform((text) =>
    text
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  );

/** Whether `text` is `*` or an origin exactly as browsers send it: one with a trailing slash would never match. */
const isOrigin = (text: string): boolean =>
  text === "*" || (!text.includes("*") && URL.canParse(text) && new URL(text).origin === text);

const optionalText = z
  .string()
  .optional()
  .transform((text) => (text === undefined || text === "" ? null : text));

const tenantName = optionalText.transform((text, context) => {
  if (text === null) return null;
  const tenant = parseTenantId(text);
  if (tenant !== null) return tenant;
  context.addIssue({ code: "custom", message: "is not a tenant's name" });
  return z.NEVER;
});

const localHosts: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether nobody can read or alter what is sent on the way. Plain HTTP is accepted only for this machine. */
const isProtected = (url: URL | null): url is URL =>
  url?.protocol === "https:" || (url?.protocol === "http:" && localHosts.has(url.hostname));

/** The key set decides which tokens are trusted, so nobody else must be able to answer in its place. */
const keySetUrl = optionalText.transform((text, context) => {
  if (text === null || isProtected(URL.parse(text))) return text;
  context.addIssue({ code: "custom", message: "is not an https address" });
  return z.NEVER;
});

/** An address that receives tokens or the client's secret. */
const protectedUrl = optionalText.transform((text, context) => {
  if (text === null) return null;
  const url = URL.parse(text);
  if (isProtected(url) && [url.username, url.password, url.search, url.hash].every((part) => part === "")) {
    return url.href;
  }
  context.addIssue({ code: "custom", message: "is not an https address without credentials, query and fragment" });
  return z.NEVER;
});

/** The base address of a service, without a trailing slash. */
const serviceUrl = protectedUrl.transform((url) => url?.replace(/\/+$/, "") ?? null);

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

/** Most secrets of one tenant. A rotation needs two that work at the same time. */
const secretsMax = 10;

const webhookSecrets = optionalText.transform((text, context): ReadonlyMap<string, readonly string[]> => {
  try {
    const secrets = z.record(z.string(), z.array(z.string().min(1)).max(secretsMax)).parse(JSON.parse(text ?? "{}"));
    if (Object.keys(secrets).every((tenant) => parseTenantId(tenant) !== null)) return new Map(Object.entries(secrets));
  } catch {
    // The error may quote a secret, so only the message below is reported.
  }
  const message = `is not a JSON object from tenants to lists of at most ${secretsMax} secrets`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

/** Holds the tenants that TENANT_DATABASES does not name, unless its `*` names another database. */
const usualDatabase = "DB";

/** The binding that always exists. */
export interface UsualBinding {
  readonly DB: D1Database;
}

const tenantDatabases = optionalText.transform((text, context): TenantMap => {
  try {
    const named = z.record(z.string(), z.string().min(1)).parse(JSON.parse(text ?? "{}"));
    if (Object.keys(named).every((tenant) => tenant === everyTenant || parseTenantId(tenant) !== null)) {
      return new Map([[everyTenant, usualDatabase], ...Object.entries(named)]);
    }
  } catch {
    // The message below says what the value must be.
  }
  context.addIssue({ code: "custom", message: "is not a JSON object from tenants (or *) to names of D1 bindings" });
  return z.NEVER;
});

/** With more lanes, each would only join fewer commits. */
const lanesMax = 64;

const locationHints = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"] as const;

const configurationSchema = z
  .object({
    /** The `iss` that tokens must carry. */
    AUTH_ISSUER: z.string().min(1),
    /** The `aud` that tokens must carry. */
    AUTH_AUDIENCE: z.string().min(1),
    /** The claim that holds a signed-in customer's id. */
    AUTH_CUSTOMER_CLAIM: z.string().min(1).default("customer_id"),
    /** The https address of an external issuer's keys. Empty: the embedded issuer, whose key is AUTH_SIGNING_KEY. */
    AUTH_JWKS_URL: keySetUrl,
    /** The `typ` that the external issuer sets in its tokens' headers. Empty: not checked. */
    AUTH_TOKEN_TYPE: optionalText,
    /** Secret: the embedded issuer's private key, a JWK. */
    AUTH_SIGNING_KEY: privateKey.optional(),
    /** Secret: the secrets that sign each tenant's webhooks, as JSON: tenant → list of secrets. Empty: none. */
    WEBHOOK_SECRETS: webhookSecrets,
    /** Origins whose pages may call the API, separated by commas; `*` for all; `none`, or nothing, for no page. */
    CORS_ORIGINS: commaSeparated
      .transform((items) => (items.length === 1 && items[0] === "none" ? [] : items))
      .pipe(
        z.array(
          z.string().refine(isOrigin, "has an item that is neither * nor an origin such as https://shop.example"),
        ),
      ),
    /** Which D1 binding holds which tenant, as JSON: tenant → binding, `*` for all others. Empty: DB for all. */
    TENANT_DATABASES: tenantDatabases,
    /** How many commit lanes each database has; wrangler.toml sets 1. 0: each ledger commits by itself. */
    COMMIT_LANES: z.coerce.number().int().min(0).max(lanesMax).default(0),
    /** Where lanes run: Cloudflare's hint for the location of the databases. Empty: near their first caller. */
    COMMIT_LANE_LOCATION: z
      .enum(["", ...locationHints])
      .default("")
      .transform((hint) => (hint === "" ? null : hint)),
    /** Whether requests are limited, by address and by caller. */
    RATE_LIMITS: z.enum(["on", "off"]).default("on"),
    /** Which requests get a log line: all, or those that failed or took long and a sample of the others. */
    REQUEST_LOG: z.enum(["all", "sampled"]).default("sampled"),
    /** Base address of Emporix's API: opaque tokens are checked there. Empty: only JWTs are valid. */
    EMPORIX_URL: serviceUrl,
    /** The tenant of opaque tokens where the request names none. Empty: the request must name it. */
    EMPORIX_TENANT: tenantName,
    /** `poll`: the timer reads completed orders and returns at Emporix. `webhooks`: they only arrive. */
    EMPORIX_ORDERS: z.enum(["webhooks", "poll"]).default("webhooks"),
    /** `404`: a customer without an entry has no balance, as at Emporix. Empty: the balance is 0. */
    EMPORIX_UNKNOWN_CUSTOMER: z.enum(["", "404"]).default(""),
    /** Base address of Emporix's Site Settings service, before `/site/…`. Empty: the embedded one. */
    SITE_SETTINGS_URL: serviceUrl,
    /** Base address of Emporix's Coupon Service, before `/coupon/…`. Empty: the embedded one. */
    COUPON_SERVICE_URL: serviceUrl,
    /** Where access tokens for these two, and for polling, come from. Each of them requires this, an id and a secret. */
    UPSTREAM_TOKEN_URL: protectedUrl,
    UPSTREAM_CLIENT_ID: optionalText,
    /** Secret. */
    UPSTREAM_CLIENT_SECRET: optionalText,
  })
  .refine((variables) => variables.AUTH_JWKS_URL !== null || variables.AUTH_SIGNING_KEY !== undefined, {
    path: ["AUTH_SIGNING_KEY"],
    message: "is required unless AUTH_JWKS_URL names an external issuer",
  })
  .superRefine((variables, context) => {
    if (variables.EMPORIX_ORDERS === "poll") {
      for (const name of ["EMPORIX_URL", "EMPORIX_TENANT"] as const) {
        if (variables[name] !== null) continue;
        context.addIssue({ code: "custom", path: [name], message: "is required when EMPORIX_ORDERS is poll" });
      }
    }
    const callers = [variables.SITE_SETTINGS_URL, variables.COUPON_SERVICE_URL];
    if (callers.every((url) => url === null) && variables.EMPORIX_ORDERS === "webhooks") return;
    for (const name of ["UPSTREAM_TOKEN_URL", "UPSTREAM_CLIENT_ID", "UPSTREAM_CLIENT_SECRET"] as const) {
      if (variables[name] !== null) continue;
      const message = "is required when SITE_SETTINGS_URL or COUPON_SERVICE_URL is set, or EMPORIX_ORDERS is poll";
      context.addIssue({ code: "custom", path: [name], message });
    }
  });

/** The variables, validated. */
export type Configuration = z.output<typeof configurationSchema>;

/**
 * Reads and validates the variables in `env`.
 * @throws {Error} when any is missing or wrong; the message names each of them and quotes no secret
 */
export function readConfiguration(env: object): Configuration {
  const parsed = configurationSchema.safeParse(env);
  const problems = parsed.success
    ? [...unboundDatabases(env, parsed.data.TENANT_DATABASES), ...unboundLanes(env, parsed.data.COMMIT_LANES)]
    : parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new Error(`The configuration is not valid. ${problems.join("; ")}`);
}

/** Reports names in the map that are bound to no D1 database. The usual database is always bound. */
const unboundDatabases = (env: object, map: TenantMap): readonly string[] =>
  [...new Set(map.values())]
    .filter((binding) => binding !== usualDatabase && databaseNamed(env, binding) === null)
    .map((binding) => `TENANT_DATABASES: ${JSON.stringify(binding)} is not the binding of a D1 database`);

/** Reports lanes that are configured while their class is not bound. */
const unboundLanes = (env: object, lanes: number): readonly string[] =>
  lanes === 0 || typeof Reflect.get(env, "COMMIT_LANE") === "object"
    ? []
    : ["COMMIT_LANES: the class CommitLane is not bound as COMMIT_LANE"];

/** Null when there is no such binding, or it is not a D1 database. */
function databaseNamed(env: object, binding: string): D1Database | null {
  const bound: unknown = Reflect.get(env, binding);
  const isDatabase = typeof bound === "object" && bound !== null && "prepare" in bound && "batch" in bound;
  return isDatabase ? (bound as D1Database) : null;
}

/**
 * The databases that hold the tenants.
 * @param log for databases that a job leaves out, and for rows that cannot be read
 */
export const tenantDatabasesOf = (
  bindings: UsualBinding,
  { TENANT_DATABASES }: Configuration,
  log: Logger,
): TenantDatabases => new TenantDatabases(TENANT_DATABASES, (binding) => boundDatabase(bindings, binding), log);

/** The binding of the one database that holds the tenant. */
export const bindingOf = ({ TENANT_DATABASES }: Configuration, tenant: TenantId): string =>
  TENANT_DATABASES.get(tenant) ?? TENANT_DATABASES.get(everyTenant) ?? usualDatabase;

/** @throws {Error} when there is no such D1 binding; {@link readConfiguration} refuses such configurations */
export function boundDatabase(bindings: UsualBinding, binding: string): D1Database {
  const database = binding === usualDatabase ? bindings.DB : databaseNamed(bindings, binding);
  if (database === null) throw new Error(`There is no D1 binding ${binding}.`);
  return database;
}

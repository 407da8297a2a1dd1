import { parseArgs } from "node:util";
import { type CustomerId, parseCustomerId, parseTenantId, type TenantId } from "../src/platform/values/identifiers.ts";
import { type LocalIssuer, localIssuer } from "./local-issuer.ts";
import { runScript, UsageError } from "./usage-error.ts";

// Prints a bearer token for the locally running service, and nothing else.

const usage = `Usage: npm run -s token -- --tenant <tenant> [--scope "<scope> <scope>" | --customer <id>] [--ttl <seconds>]
  --scope     an employee's token, with these scopes
  --customer  a customer's token
  neither     a guest's token
  --ttl       seconds until it expires; 3600 unless given`;

const lifetimeSecondsMax = 31_536_000;

interface TokenRequest {
  readonly tenant: TenantId;
  readonly customerId: CustomerId | null;
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
  const customerId = values.customer === undefined ? null : parseCustomerId(values.customer);
  if (values.customer !== undefined && customerId === null) {
    throw new UsageError("--customer must be 1 to 128 printable characters.");
  }
  const lifetimeSeconds = /^[1-9]\d{0,8}$/.test(values.ttl) ? Number(values.ttl) : Number.NaN;
  if (!(lifetimeSeconds <= lifetimeSecondsMax)) {
    throw new UsageError(`--ttl must be a whole number of seconds from 1 to ${lifetimeSecondsMax}.`);
  }
  return { tenant, customerId, scopes: scopesOf(values.scope), lifetimeSeconds };
}

function scopesOf(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const scopes = text.split(/\s+/).filter((scope) => scope !== "");
  if (scopes.length === 0) throw new UsageError("--scope names no scope. Leave it out for a guest's token.");
  return scopes;
}

function tokenFor(issuer: LocalIssuer, { tenant, customerId, scopes }: TokenRequest): Promise<string> {
  if (customerId !== null) return issuer.customerToken(tenant, customerId);
  return scopes.length === 0 ? issuer.guestToken(tenant) : issuer.employeeToken(tenant, scopes);
}

await runScript(async () => {
  const request = requestOf(process.argv.slice(2));
  if (request === null) return console.log(usage);
  const issuer = await localIssuer(request.lifetimeSeconds);
  if (!issuer.isTrusted) {
    console.error("AUTH_JWKS_URL is set: the service trusts that issuer's tokens, not this one.");
  }
  console.log(await tokenFor(issuer, request));
});

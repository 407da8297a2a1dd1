import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { z } from "zod";
import { acceptedScopes, type Scope, scopes as scopesOfOperations } from "../src/access/rules/access.ts";
import { parseTenantId } from "../src/platform/values/identifiers.ts";
import { runScript, UsageError } from "./usage-error.ts";

// Creates, revokes and lists clients that may ask the embedded issuer for tokens.

const usage = `Usage: npm run client -- create --tenant <tenant> --name <name> --scope "<scope> <scope>" [--remote]
       npm run client -- create --tenant <tenant> --name <name> --storefront [--remote]
       npm run client -- revoke <clientId> [--remote]
       npm run client -- list [--remote]
  --storefront  a client that only lets guests in: its id is public, and it has no secret
  --remote  the deployed database; the local one unless given`;

const databaseName = "reward-points";
const projectFolder = fileURLToPath(new URL("..", import.meta.url));
const wrangler = join(projectFolder, "node_modules", ".bin", "wrangler");

const namePattern = /^[a-z0-9][a-z0-9-]{0,47}$/;
const clientIdPattern = /^[a-z0-9-]{1,64}$/;
/** A scope's characters, as RFC 6749 §3.3 has them. */
const scopePattern = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

const knownScopes = Object.keys(scopesOfOperations) as Scope[];
const acceptedByOperations = acceptedScopes(knownScopes);

type Place = "--local" | "--remote";

interface ClientDetails {
  readonly tenant?: string | undefined;
  readonly name?: string | undefined;
  readonly scope?: string | undefined;
  readonly storefront?: boolean | undefined;
}

async function create(details: ClientDetails, place: Place): Promise<void> {
  const tenant = parseTenantId(details.tenant ?? "");
  if (tenant === null) {
    throw new UsageError("--tenant must be 3 to 16 of a-z, 0-9 and -, starting with a letter, and no reserved name.");
  }
  const name = details.name ?? "";
  if (!namePattern.test(name)) throw new UsageError("--name must be 1 to 48 of a-z, 0-9 and -.");
  const scopes = [...new Set((details.scope ?? "").split(/\s+/).filter((scope) => scope !== ""))];
  const isStorefront = details.storefront === true;
  if (isStorefront && scopes.length > 0) throw new UsageError("A storefront's client has no scopes.");
  if (!isStorefront && scopes.length === 0) throw new UsageError("--scope must name at least one scope.");
  if (!scopes.every((scope) => scopePattern.test(scope) && !scope.startsWith("tenant="))) {
    throw new UsageError('--scope must be scopes separated by spaces, without quotes, backslashes and "tenant=".');
  }

  const unknown = scopes.filter((scope) => !acceptedByOperations.includes(scope));
  if (unknown.length > 0) {
    console.error(`No operation asks for ${unknown.join(", ")}. The scopes are:\n  ${knownScopes.join("\n  ")}`);
  }

  const clientId = `${name}-${randomBytes(5).toString("hex")}`;
  const secret = randomBytes(32).toString("base64url");
  const secretHash = createHash("sha256").update(secret).digest("hex");
  const row = [clientId, tenant, secretHash, scopes.join(" ")].map(quoted).join(", ");
  await execute(
    `INSERT INTO api_clients (client_id, tenant, secret_hash, scopes, created_at) VALUES (${row}, ${Date.now()});`,
    place,
  );
  if (isStorefront) return console.log(`client_id: ${clientId}`);
  console.log(`client_id:     ${clientId}\nclient_secret: ${secret}`);
  console.error("Keep the secret now: it is stored nowhere, and cannot be shown again.");
}

async function revoke(clientId: string, place: Place): Promise<void> {
  if (!clientIdPattern.test(clientId)) throw new UsageError("This is not a client id.");
  const [client] = await clients(place, `WHERE client_id = ${quoted(clientId)}`);
  if (client === undefined) throw new Error(`There is no client ${clientId}.`);
  if (client.revoked_at !== null) {
    return console.log(`${clientId} was revoked on ${new Date(client.revoked_at).toISOString()}.`);
  }
  const condition = `client_id = ${quoted(clientId)} AND revoked_at IS NULL`;
  await execute(`UPDATE api_clients SET revoked_at = ${Date.now()} WHERE ${condition};`, place);
  console.log(`${clientId} is revoked. Tokens that it already has stay valid for up to an hour.`);
}

async function list(place: Place): Promise<void> {
  const found = await clients(place, "ORDER BY tenant, client_id");
  if (found.length === 0) return console.log("There are no clients.");
  for (const client of found) {
    const state = client.revoked_at === null ? "active" : `revoked ${new Date(client.revoked_at).toISOString()}`;
    const created = new Date(client.created_at).toISOString();
    console.log([client.client_id, client.tenant, state, `created ${created}`, client.scopes].join("  "));
  }
}

const listedClients = z.array(
  z.object({
    results: z.array(
      z.object({
        client_id: z.string(),
        tenant: z.string(),
        scopes: z.string(),
        created_at: z.number(),
        revoked_at: z.number().nullable(),
      }),
    ),
  }),
);
type ListedClient = z.output<typeof listedClients>[number]["results"][number];

async function clients(place: Place, tail: string): Promise<readonly ListedClient[]> {
  const query = `SELECT client_id, tenant, scopes, created_at, revoked_at FROM api_clients ${tail}`;
  const answer = await runWrangler([place, "--json", "--command", query]);
  return listedClients.parse(JSON.parse(answer)).flatMap(({ results }) => results);
}

/** Through a file, which only its owner can read: other users can see a command line. */
async function execute(statement: string, place: Place): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "api-client-"));
  try {
    const file = join(folder, "statement.sql");
    writeFileSync(file, statement, { mode: 0o600 });
    await runWrangler([place, "--yes", "--file", file]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function runWrangler(words: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(wrangler, ["d1", "execute", databaseName, ...words], {
      cwd: projectFolder,
    });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = z.object({ stdout: z.string(), stderr: z.string() }).parse(error);
    const output = `${stdout}\n${stderr}`.trim();
    const hint = output.includes("no such table") ? "\nApply the migrations to this database first." : "";
    throw new Error(`wrangler d1 execute failed:\n${output}${hint}`);
  }
}

/** A text as an SQL literal. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

await runScript(async () => {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      tenant: { type: "string" },
      name: { type: "string" },
      scope: { type: "string" },
      storefront: { type: "boolean" },
      remote: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) return console.log(usage);
  const place: Place = values.remote ? "--remote" : "--local";
  const [verb, ...words] = positionals;
  const wordsWanted = verb === "revoke" ? 1 : 0;
  const { tenant, name, scope, storefront } = values;
  const hasDetails = [tenant, name, scope, storefront].some((detail) => detail !== undefined);
  if (words.length !== wordsWanted || (verb !== "create" && hasDetails)) throw new UsageError(usage);
  switch (verb) {
    case "create":
      return create(values, place);
    case "revoke":
      return revoke(words[0] ?? "", place);
    case "list":
      return list(place);
    default:
      throw new UsageError(usage);
  }
});

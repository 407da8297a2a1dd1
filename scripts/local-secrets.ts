import { randomBytes, randomUUID } from "node:crypto";
import { appendFileSync, chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { exportJWK, generateKeyPair } from "jose";
import { z } from "zod";
import type { TenantId } from "../src/platform/values/identifiers.ts";
import { runScript } from "./usage-error.ts";

/** Where wrangler looks for secrets and for what is otherwise set when it runs the service locally. */
export const localSecretsFile = fileURLToPath(new URL("../.dev.vars", import.meta.url));

/** How to make each variable that the service needs on this machine. */
const variableMakers: Readonly<Record<string, () => Promise<string>>> = {
  AUTH_SIGNING_KEY: newSigningKey,
  WEBHOOK_SECRETS: newWebhookSecrets,
  // Pages under development come from any port, and whoever tries things out is not to be slowed down.
  CORS_ORIGINS: () => Promise.resolve("*"),
  RATE_LIMITS: () => Promise.resolve("off"),
  REQUEST_LOG: () => Promise.resolve("all"),
};

/** @returns the variables of `file`, or none when it does not exist. */
export function readLocalSecrets(file: string = localSecretsFile): Readonly<Record<string, string | undefined>> {
  return existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {};
}

/**
 * The secret with which the locally running service expects a tenant's webhooks to be signed; the first of several.
 * @throws {Error} when there is none
 */
export function localWebhookSecret(tenant: TenantId, file: string = localSecretsFile): string {
  try {
    const json: unknown = JSON.parse(readLocalSecrets(file)["WEBHOOK_SECRETS"] ?? "");
    const { [tenant]: secrets } = z.record(z.string(), z.tuple([z.string().min(1)], z.string())).parse(json);
    if (secrets !== undefined) return secrets[0];
  } catch {
    // What is wrong with it may quote a secret: the message below must do.
  }
  throw new Error(`WEBHOOK_SECRETS in .dev.vars is not a JSON object with a list of secrets for tenant ${tenant}.`);
}

/**
 * Adds the variables that `file` lacks; those that it has stay as they are. The file is its owner's alone (mode 0600).
 * @returns the names of the added variables.
 */
export async function ensureLocalSecrets(file: string = localSecretsFile): Promise<readonly string[]> {
  const present = readLocalSecrets(file);
  const missing = Object.entries(variableMakers).filter(([name]) => present[name] === undefined);
  if (missing.length > 0) {
    const lines = await Promise.all(missing.map(async ([name, make]) => `${name}='${await make()}'\n`));
    if (!existsSync(file)) writeFileSync(file, "", { mode: 0o600 });
    chmodSync(file, 0o600);
    const text = readFileSync(file, "utf8");
    appendFileSync(file, `${text === "" || text.endsWith("\n") ? "" : "\n"}${lines.join("")}`);
  }
  return missing.map(([name]) => name);
}

/** A private key as JSON. Base64url and identifiers hold no quotes, so single quotes around it are safe. */
export async function newSigningKey(): Promise<string> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return JSON.stringify({ ...(await exportJWK(privateKey)), alg: "ES256", kid: randomUUID() });
}

/** One secret for the tenant that the examples use, as JSON. Hexadecimal digits need no quoting. */
async function newWebhookSecrets(): Promise<string> {
  return JSON.stringify({ demo: [randomBytes(32).toString("hex")] });
}

if (import.meta.main) {
  await runScript(async () => {
    const added = await ensureLocalSecrets();
    console.log(added.length === 0 ? ".dev.vars is complete." : `Added to .dev.vars: ${added.join(", ")}.`);
  });
}

import { env } from "cloudflare:workers";
import { sha256Hex } from "../../src/platform/runtime/sha256.ts";
import { clientIdOf, clientSecretOf } from "./api-client-names.ts";
import { view } from "./tokens.ts";

/** Registers the clients of `tenants`, which may ask for tokens with `scopes`. */
export async function addClients(tenants: readonly string[], scopes: string = view): Promise<void> {
  const insert = env.DB.prepare(
    "insert into api_clients (client_id, tenant, secret_hash, scopes, created_at) values (?, ?, ?, ?, 0)",
  );
  await env.DB.batch(
    tenants.map((tenant) => insert.bind(clientIdOf(tenant), tenant, sha256Hex(clientSecretOf(tenant)), scopes)),
  );
}

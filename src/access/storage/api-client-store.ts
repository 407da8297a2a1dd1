import { and, eq, isNull } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { answeredRead } from "../../platform/storage/answered.ts";
import { parseTenantId } from "../../platform/values/identifiers.ts";
import type { ApiClient, ApiClientStore } from "../use-cases/ports.ts";
import { apiClients } from "./tables.ts";

/** Clients of the embedded issuer, in D1. Reads the primary, so a revocation takes effect at once. */
export class D1ApiClientStore implements ApiClientStore {
  readonly #drizzle: DrizzleD1Database;

  constructor(database: D1Database) {
    this.#drizzle = drizzle(database);
  }

  async find(clientId: string): Promise<ApiClient | null> {
    const [row] = await answeredRead(() =>
      this.#drizzle
        .select()
        .from(apiClients)
        .where(and(eq(apiClients.clientId, clientId), isNull(apiClients.revokedAt)))
        .limit(1),
    );
    if (row === undefined) return null;
    const tenant = parseTenantId(row.tenant);
    if (tenant === null) throw new Error("A stored API client has no valid tenant.");
    const scopes = row.scopes.split(" ").filter((scope) => scope !== "");
    return { clientId: row.clientId, tenant, secretHash: row.secretHash, scopes };
  }
}

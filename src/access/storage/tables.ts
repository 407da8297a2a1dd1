import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** Clients of the embedded token issuer. */
export const apiClients = sqliteTable("api_clients", {
  clientId: text("client_id").primaryKey(),
  tenant: text("tenant").notNull(),
  /** Hex SHA-256 of the secret. */
  secretHash: text("secret_hash").notNull(),
  /** Separated by spaces. */
  scopes: text("scopes").notNull(),
  createdAt: integer("created_at").notNull(),
  revokedAt: integer("revoked_at"),
});

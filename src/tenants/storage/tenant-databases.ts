import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { outageReason } from "../../platform/runtime/error-facts.ts";
import type { Logger } from "../../platform/runtime/ports.ts";
import type { TenantId } from "../../platform/values/identifiers.ts";

/** Stands for all tenants that a {@link TenantMap} does not name. */
export const everyTenant = "*";

/** The names of databases' bindings, by tenant. {@link everyTenant} is always among the keys. */
export type TenantMap = ReadonlyMap<string, string>;

/** One of the databases. */
export interface TenantDatabase {
  /** The name of its binding. */
  readonly binding: string;
  readonly database: D1Database;
  readonly drizzle: DrizzleD1Database;
}

/**
 * Knows which database holds what. All rows of a tenant are in one database. The map that says which one comes with the
 * deployment, so finding it takes no call. Clients of the token issuer and the positions of sweeps belong to no tenant,
 * and are in the shared database.
 */
export class TenantDatabases {
  readonly #byTenant: ReadonlyMap<string, TenantDatabase>;
  readonly #ofOthers: TenantDatabase;
  readonly #all: readonly TenantDatabase[];
  readonly #log: Logger | null;
  /** Logs a damaged row. */
  readonly tellUnreadable = (tenant: TenantId, row: { readonly table: string; readonly row: string }): void =>
    this.#log?.error("stored_row_unreadable", { tenant, ...row });

  /**
   * @param databaseOf the database behind a binding
   * @param log names databases that a job leaves out, and rows that cannot be read
   */
  constructor(map: TenantMap, databaseOf: (binding: string) => D1Database, log: Logger | null = null) {
    const byBinding = new Map<string, TenantDatabase>();
    const byTenant = new Map<string, TenantDatabase>();
    for (const [tenant, binding] of map) {
      const known = byBinding.get(binding) ?? opened(binding, databaseOf(binding));
      byBinding.set(binding, known);
      byTenant.set(tenant, known);
    }
    const ofOthers = byTenant.get(everyTenant);
    if (ofOthers === undefined) throw new Error("The map of tenants has no entry * for all other tenants.");
    this.#byTenant = byTenant;
    this.#ofOthers = ofOthers;
    this.#all = [ofOthers, ...[...byBinding.values()].filter((one) => one !== ofOthers)];
    this.#log = log;
  }

  /** One database for everybody. */
  static one(database: D1Database): TenantDatabases {
    return new TenantDatabases(new Map([[everyTenant, "DB"]]), () => database);
  }

  /** The tenant's database, for everything that writes or decides. */
  of(tenant: TenantId): D1Database {
    return this.#homeOf(tenant).database;
  }

  /** {@link of} with Drizzle around it. */
  drizzleOf(tenant: TenantId): DrizzleD1Database {
    return this.#homeOf(tenant).drizzle;
  }

  /**
   * A session with the tenant's database that may read from a replica nearby, and so may lag by a moment. Within one
   * session, a later read is never older than an earlier one: a list that takes several reads uses one session for all.
   * A session has only `prepare` and `batch` of a database, and must not write.
   */
  replicaOf(tenant: TenantId): D1Database {
    // Drizzle and the readers use nothing else of a database.
    return this.of(tenant).withSession("first-unconstrained") as unknown as D1Database;
  }

  /** {@link replicaOf} with Drizzle around it. */
  drizzleReplicaOf(tenant: TenantId): DrizzleD1Database {
    return drizzle(this.replicaOf(tenant));
  }

  /** The database for what belongs to no tenant: the one of all tenants that the map does not name. */
  get shared(): TenantDatabase {
    return this.#ofOthers;
  }

  /** Every database once, the shared one first. */
  get all(): readonly TenantDatabase[] {
    return this.#all;
  }

  /**
   * The first `limit` rows of all databases together, in the order of `compare`.
   * @param read reads at most `limit` rows of one database, in the order of `compare`
   * @throws the error of the first database, when all have failed
   */
  async firstOfAll<Row>(
    limit: number,
    compare: (left: Row, right: Row) => number,
    read: (one: TenantDatabase) => Promise<readonly Row[]>,
  ): Promise<readonly Row[]> {
    const rows = await this.#everywhere(read);
    if (rows.length === 1) return rows[0] ?? [];
    return rows.flat().sort(compare).slice(0, limit);
  }

  /**
   * Takes rows from one database after the other until there are `limit` rows.
   * @param take takes at most `room` rows from one database
   * @throws the error of the first database, when all have failed
   */
  async takeFromAll<Row>(
    limit: number,
    take: (one: TenantDatabase, room: number) => Promise<readonly Row[]>,
  ): Promise<readonly Row[]> {
    let taken: readonly Row[] = [];
    await this.#everywhere(async (one) => {
      if (taken.length >= limit) return;
      taken = [...taken, ...(await take(one, limit - taken.length))];
    });
    return taken;
  }

  /**
   * Calls `act` with every database, one after the other. A database that fails is left out and logged.
   * @throws the error of the first database, when all have failed
   */
  async #everywhere<Value>(act: (one: TenantDatabase) => Promise<Value>): Promise<readonly Value[]> {
    const values: Value[] = [];
    const failures: unknown[] = [];
    for (const one of this.#all) {
      try {
        values.push(await act(one));
      } catch (error) {
        failures.push(error);
        if (this.#all.length === 1) break;
        const reason = error instanceof Error ? outageReason(error) : "other";
        this.#log?.error("database_left_out", { database: one.binding, reason });
      }
    }
    if (values.length === 0) throw failures[0];
    return values;
  }

  #homeOf(tenant: TenantId): TenantDatabase {
    return this.#byTenant.get(tenant) ?? this.#ofOthers;
  }
}

const opened = (binding: string, database: D1Database): TenantDatabase => ({
  binding,
  database,
  drizzle: drizzle(database),
});

const utf8 = new TextEncoder();

/** SQLite's order of texts: by their bytes in UTF-8. */
export function compareStored(left: string, right: string): number {
  const [a, b] = [utf8.encode(left), utf8.encode(right)];
  for (let index = 0; index < a.length && index < b.length; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

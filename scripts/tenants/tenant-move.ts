import type { MoveDatabase } from "./move-database.ts";
import { copyRows, deleteRows, differencesBetween, type MovedTable, tablesOfTenants } from "./tenant-rows.ts";

/** One of the two databases of a move. */
export interface MoveEnd {
  /** The name of its binding. */
  readonly binding: string;
  readonly database: MoveDatabase;
}

/** Why a tenant cannot be moved now, in a sentence for whoever has asked for it. */
export class MoveRefused extends Error {
  override readonly name = "MoveRefused";
}

/** A row of `tenants_away`: a tenant who is not at home in a database, or not yet. */
export interface Absence {
  readonly tenant: string;
  /**
   * `leaving`: is being copied from here. `left`: has been copied, and the rows are still here. `gone`: has no rows
   * here. `arriving`: is being copied to here. Writes of the tenant's are refused in all four.
   */
  readonly state: "leaving" | "left" | "gone" | "arriving";
  /** The binding of the database at the other end. */
  readonly counterpart: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** What a move has brought to its end, by table. */
export type MovedRows = Readonly<Record<string, number>>;

/** What changes by itself, whoever uses the tenant: what was due for it is removed or sent again by jobs. */
const changingByThemselves: ReadonlySet<string> = new Set(["idempotency_records", "order_events"]);

/**
 * Copies everything of a tenant's from one database to the other, and compares the two. From the first moment on the
 * service refuses the tenant's writes, and goes on doing so until a deployment says that the tenant is at the other
 * end. It can be repeated after whatever has stopped it, and goes on where it was.
 * @param now milliseconds since 1970
 * @returns how many rows of each table are now at both ends, all columns of all of them equal
 * @throws {MoveRefused} when something is in the way; nothing was changed, or the two ends differ, and writes are
 * still refused
 */
export async function moveTenant(tenant: string, from: MoveEnd, to: MoveEnd, now: number): Promise<MovedRows> {
  if (from.binding === to.binding) throw new MoveRefused(`Tenant ${tenant} is in ${to.binding} already.`);
  const tables = await sameTables(from, to);
  const [atSource, atTarget] = [await absenceOf(tenant, from), await absenceOf(tenant, to)];
  const isUnderWay = atSource?.state === "leaving" || atSource?.state === "left";
  if (atSource !== null && (!isUnderWay || atSource.counterpart !== to.binding)) {
    throw new MoveRefused(
      `Tenant ${tenant} is ${atSource.state} in ${from.binding}, to or from ${atSource.counterpart}.`,
    );
  }
  if (atTarget !== null && atTarget.state !== "gone" && atTarget.state !== "arriving") {
    throw new MoveRefused(`Finish the move of tenant ${tenant} from ${to.binding} first.`);
  }
  const isCopied = atSource?.state === "left" && atTarget === null;
  if (!isCopied) {
    if (atTarget?.state !== "arriving") {
      await requireNothing(tenant, to, tables);
      await setAbsence(to, { tenant, state: "arriving", counterpart: from.binding, since: now });
    }
    if (atSource === null) {
      await setAbsence(from, { tenant, state: "leaving", counterpart: to.binding, since: now });
    }
    for (const table of tables) await copyRows(table, tenant, from.database, to.database);
  }
  const { counts, differing } = await differencesBetween(tables, tenant, from.database, to.database);
  if (differing.length > 0) {
    const what = `${from.binding} and ${to.binding} differ in ${differing.join(", ")}`;
    throw new MoveRefused(
      isCopied
        ? `${what}: tenant ${tenant} has been moved already, and written to since.`
        : `${what}. Cancel the move, and move tenant ${tenant} again.`,
    );
  }
  // In this order, so that a move that stops in between is not taken for one that is through.
  await setAbsence(from, { tenant, state: "left", counterpart: to.binding, since: now });
  await removeAbsence(to, tenant);
  return counts;
}

/**
 * Deletes the rows that a moved tenant has left behind. Writes that still come there, from wherever, go on being
 * refused. To be called when no part of the service looks there any more.
 * @returns how many rows
 * @throws {MoveRefused} when the tenant has not been moved from the one to the other
 */
export async function finishMove(tenant: string, from: MoveEnd, to: MoveEnd, now: number): Promise<number> {
  const tables = await sameTables(from, to);
  const [atSource, atTarget] = [await absenceOf(tenant, from), await absenceOf(tenant, to)];
  const isThere = atSource?.state === "left" && atSource.counterpart === to.binding && atTarget === null;
  if (!isThere) throw new MoveRefused(`Tenant ${tenant} has not been moved from ${from.binding} to ${to.binding}.`);
  let deleted = 0;
  for (const table of tables) deleted += await deleteRows(table, tenant, from.database);
  await setAbsence(from, { tenant, state: "gone", counterpart: to.binding, since: now });
  return deleted;
}

/**
 * Undoes a move that has not been finished: the tenant stays where it was, and can be written to again.
 * @returns how many rows were deleted at the other end
 * @throws {MoveRefused} when there is nothing to undo, or when the other end has been written to
 */
export async function cancelMove(tenant: string, from: MoveEnd, to: MoveEnd, now: number): Promise<number> {
  const tables = await sameTables(from, to);
  const [atSource, atTarget] = [await absenceOf(tenant, from), await absenceOf(tenant, to)];
  const isUnderWay = atSource?.state === "leaving" || atSource?.state === "left";
  if (!isUnderWay || atSource.counterpart !== to.binding) {
    throw new MoveRefused(`No move of tenant ${tenant} from ${from.binding} to ${to.binding} can be cancelled.`);
  }
  if (atTarget === null && atSource.state === "left") {
    // From here on nothing is written there any more, so that what is compared is what is deleted.
    await setAbsence(to, { tenant, state: "arriving", counterpart: from.binding, since: now });
    const compared = tables.filter(({ name }) => !changingByThemselves.has(name));
    const { differing } = await differencesBetween(compared, tenant, from.database, to.database);
    if (differing.length > 0) {
      await removeAbsence(to, tenant);
      throw new MoveRefused(
        `Tenant ${tenant} has been written to in ${to.binding} (${differing.join(", ")}): finish the move, and move it back.`,
      );
    }
  }
  let deleted = 0;
  if (atTarget === null || atTarget.state === "arriving") {
    for (const table of tables) deleted += await deleteRows(table, tenant, to.database);
    await setAbsence(to, { tenant, state: "gone", counterpart: from.binding, since: now });
  }
  await removeAbsence(from, tenant);
  return deleted;
}

/** The tenants who are not at home in a database, in the order of their names. */
export async function absencesIn(database: MoveDatabase): Promise<readonly Absence[]> {
  const sql = "select tenant, state, counterpart, since from tenants_away order by tenant";
  return (await database.prepare(sql).all<Absence>()).results;
}

async function absenceOf(tenant: string, { database }: MoveEnd): Promise<Absence | null> {
  const sql = "select tenant, state, counterpart, since from tenants_away where tenant = ?1";
  return (await database.prepare(sql).bind(tenant).all<Absence>()).results[0] ?? null;
}

async function setAbsence({ database }: MoveEnd, { tenant, state, counterpart, since }: Absence): Promise<void> {
  const sql = `insert into tenants_away (tenant, state, counterpart, since) values (?1, ?2, ?3, ?4)
    on conflict do update set state = excluded.state, counterpart = excluded.counterpart, since = excluded.since`;
  await database.prepare(sql).bind(tenant, state, counterpart, since).all();
}

async function removeAbsence({ database }: MoveEnd, tenant: string): Promise<void> {
  await database.prepare("delete from tenants_away where tenant = ?1").bind(tenant).all();
}

/** @throws {MoveRefused} when the two databases are not made by the same migrations */
async function sameTables(from: MoveEnd, to: MoveEnd): Promise<readonly MovedTable[]> {
  const [source, target] = [await tablesOfTenants(from.database), await tablesOfTenants(to.database)];
  if (source.fingerprint !== target.fingerprint) {
    throw new MoveRefused(`${from.binding} and ${to.binding} have not seen the same migrations.`);
  }
  return source.tables;
}

async function requireNothing(tenant: string, to: MoveEnd, tables: readonly MovedTable[]): Promise<void> {
  const found = await to.database.batch(
    tables.map(({ name }) => to.database.prepare(`select 1 from "${name}" where tenant = ?1 limit 1`).bind(tenant)),
  );
  const held = tables.filter((_table, index) => (found[index]?.results.length ?? 0) > 0).map(({ name }) => name);
  if (held.length > 0) throw new MoveRefused(`${to.binding} has rows of tenant ${tenant} in ${held.join(", ")}.`);
}

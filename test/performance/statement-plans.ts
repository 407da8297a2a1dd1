import { env } from "cloudflare:workers";
import type { SentStatement } from "./recorded-database.ts";

/** One line of a plan, as EXPLAIN QUERY PLAN words it. */
export type PlanLine = string;

/** What a plan may do that takes longer the more rows there are, without an index to help. */
export interface Slowness {
  readonly sql: string;
  readonly line: PlanLine;
}

/** Without white space that means nothing. */
export const inOneLine = (sql: string): string => sql.replaceAll(/\s+/g, " ").trim();

/** How SQLite carries a statement out. D1 never runs ANALYZE, so that the plan depends on nothing but the schema. */
export async function planOf({ sql, parameters }: SentStatement): Promise<readonly PlanLine[]> {
  const { results } = await env.DB.prepare(`explain query plan ${sql}`)
    .bind(...parameters)
    .all<{ detail: PlanLine }>();
  return results.map(({ detail }) => detail);
}

/** What very many rows of a tenant have in common: to search by nothing else is to go through the tenant. */
const sharedByMany: ReadonlySet<string> = new Set(["tenant", "verdict"]);

/** The columns by which an index is searched, in `(tenant=? AND customer_id>?)`. */
const columnsOf = (rest: string): readonly string[] =>
  (/\(([^()]*)\)$/.exec(rest)?.[1] ?? "").split(" AND ").flatMap((part) => /^\w+/.exec(part)?.[0] ?? []);

/**
 * The lines that go through a whole table or all that a tenant has in it, be it along an index, that build an index
 * for this one time, or that sort. What a plan has made itself may be gone through: a list that was a parameter, or
 * another part's rows.
 */
export function slowLines(plan: readonly PlanLine[]): readonly PlanLine[] {
  const made = new Set(plan.flatMap((line) => /^(?:CO-ROUTINE|MATERIALIZE) (\S+)/.exec(line)?.[1] ?? []));
  return plan.filter((line) => {
    if (line.startsWith("USE TEMP B-TREE")) return true;
    const [, what = "", subject = "", rest = ""] = /^(SCAN|SEARCH) (\S+)(.*)$/.exec(line) ?? [];
    if (what === "" || made.has(subject) || rest.includes("VIRTUAL TABLE")) return false;
    if (what === "SCAN") return !/^\(?subquery/i.test(subject) && !line.startsWith("SCAN CONSTANT ROW");
    const columns = columnsOf(rest);
    return rest.includes("AUTOMATIC") || (columns.length > 0 && columns.every((column) => sharedByMany.has(column)));
  });
}

/** Tables that a statement reads or writes, its triggers included, as the byte code opens them. */
export async function tablesOf(statement: SentStatement): Promise<{ read: Set<string>; written: Set<string> }> {
  const tables = await tablesByRootPage();
  const { results } = await env.DB.prepare(`explain ${statement.sql}`)
    .bind(...statement.parameters)
    .all<{ opcode: string; p2: number }>();
  const opened = (opcode: string) =>
    new Set(results.flatMap((line) => (line.opcode === opcode ? (tables.get(line.p2) ?? []) : [])));
  return { read: opened("OpenRead"), written: opened("OpenWrite") };
}

let rootPages: ReadonlyMap<number, string> | null = null;

/** Tables, also of their indexes, by where they begin in the file. */
async function tablesByRootPage(): Promise<ReadonlyMap<number, string>> {
  if (rootPages !== null) return rootPages;
  const { results } = await env.DB.prepare("select rootpage, tbl_name from sqlite_master where rootpage > 0").all<{
    rootpage: number;
    tbl_name: string;
  }>();
  rootPages = new Map(results.map((row) => [row.rootpage, row.tbl_name]));
  return rootPages;
}

/** The service's tables. */
export async function serviceTables(): Promise<readonly string[]> {
  const { results } = await env.DB.prepare(
    `select name from sqlite_master where type = 'table' and name not like 'd1\\_%' escape '\\'
      and name not like 'sqlite\\_%' escape '\\' and name not like '\\_cf\\_%' escape '\\' order by name`,
  ).all<{ name: string }>();
  return results.map(({ name }) => name);
}

/**
 * What triggers ask and do, as statements of their own: the plan of a write does not show them. A trigger that only
 * refuses has nothing but its condition.
 */
export async function triggerStatements(): Promise<readonly SentStatement[]> {
  const { results } = await env.DB.prepare("select name, sql from sqlite_master where type = 'trigger'").all<{
    name: string;
    sql: string;
  }>();
  return results.flatMap(({ name, sql }) => {
    const text = sql.replaceAll(/--.*$/gm, "");
    const [, condition, body] = /^CREATE TRIGGER.*?(?:\bWHEN\b(.*?))?\bBEGIN\b(.*)END;?\s*$/is.exec(text) ?? [];
    if (body === undefined) throw new Error(`${name} cannot be read.`);
    const steps = body.split(";").map((step) => step.trim());
    return [...(condition === undefined ? [] : [`SELECT ${condition}`]), ...steps]
      .filter((step) => step !== "" && !/^SELECT RAISE\(ABORT, '[^']*'\)$/i.test(step))
      .map((step) => {
        // Outside of a trigger nothing can be raised, and what the row has is known like a parameter.
        const statement = step
          .replaceAll(/\bRAISE\(ABORT, '[^']*'\)/gi, "1")
          .replaceAll(/\b(?:NEW|OLD)\.[`"]?\w+[`"]?/gi, "?1");
        return { sql: `${statement} /* ${name} */`, parameters: statement.includes("?1") ? [""] : [] };
      });
  });
}

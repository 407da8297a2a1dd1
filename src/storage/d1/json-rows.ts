import { getTableColumns, getTableName, type InferInsertModel, type SQL, sql } from "drizzle-orm";
import { SQLiteSyncDialect, type SQLiteTable } from "drizzle-orm/sqlite-core";

const dialect = new SQLiteSyncDialect();

/**
 * SQL that inserts any number of rows from one parameter, a JSON array of objects with the table's property
 * names: the number of statements and of parameters does not grow with the rows. Values that every row shares
 * are not repeated in the JSON but come as parameters before it.
 *
 * @param shared property names whose value is a parameter, in the order of the parameters
 */
export function insertFromJson<Table extends SQLiteTable>(
  table: Table,
  shared: readonly (keyof InferInsertModel<Table> & string)[],
): string {
  const columns = Object.entries(getTableColumns(table));
  const names = sql.join(
    columns.map(([, column]) => sql.identifier(column.name)),
    sql`, `,
  );
  const values = sql.join(
    columns.map(([property]) => {
      const position = shared.indexOf(property as (typeof shared)[number]);
      return position >= 0 ? sql.raw(`?${position + 1}`) : sql.raw(`value ->> '${property}'`);
    }),
    sql`, `,
  );
  const rows = sql.raw(`json_each(?${shared.length + 1})`);
  const statement = sql`insert into ${sql.identifier(getTableName(table))} (${names}) select ${values} from ${rows}`;
  return dialect.sqlToQuery(statement).sql;
}

/**
 * Selects rows from one parameter, a JSON array of objects with the table's property names, to be inserted by Drizzle.
 * @param where which of the rows; `value` is a row. It is always there: without one, an upsert's "on" is taken for a join's
 */
export function rowsFromJson(table: SQLiteTable, parameter: string, where: SQL = sql`true`): SQL {
  const values = Object.keys(getTableColumns(table)).map((property) => sql.raw(`value ->> '${property}'`));
  // The subquery makes each row's text once, and not for each column: its offset keeps SQLite from dissolving it.
  const rows = sql`(select value from json_each(${sql.placeholder(parameter)}) limit -1 offset 0)`;
  return sql`select ${sql.join(values, sql`, `)} from ${rows} where ${where}`;
}

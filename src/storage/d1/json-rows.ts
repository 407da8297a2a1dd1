import { getTableColumns, getTableName, type InferInsertModel, sql } from "drizzle-orm";
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

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { remoteFaultsIn } from "../../scripts/migrations/remote-migrations.ts";

const table = "CREATE TABLE `t` (`id` text PRIMARY KEY NOT NULL) STRICT, WITHOUT ROWID;\n--> statement-breakpoint\n";
const trigger = (body: string, [begin, end] = ["BEGIN", "END"]) =>
  `${table}CREATE TRIGGER \`guard\` BEFORE INSERT ON \`t\`\n${begin}\n\t${body}\n${end};\n`;
const refusal = "SELECT RAISE(ABORT, 'no');";

describe("a migration that a deployed database takes", () => {
  test.each([
    ["tables and triggers", trigger(refusal)],
    ["a trigger with several statements and a condition", trigger(`${refusal}\n\tSELECT iif(1 = 1, 2, 3);`)],
    [
      "comments of plain words",
      `-- What this is for, and why.\n${trigger(`-- Refuses (always): see above.\n\t${refusal}`)}`,
    ],
    [
      "a CASE outside of a trigger",
      `${table}UPDATE \`t\` SET \`id\` = CASE WHEN \`id\` = 'a' THEN 'b' ELSE 'c' END;\n`,
    ],
    ["quoted names that are words of SQL", trigger('UPDATE `t` SET `end` = "begin";')],
  ])("has %s", (_what, sql) => {
    expect(remoteFaultsIn(sql)).toEqual([]);
  });
});

describe("a migration that a deployed database is known to fail with", () => {
  test.each([
    ["a lower-case begin", trigger(refusal, ["begin", "END"]), 4, "write BEGIN"],
    ["a lower-case end", trigger(refusal, ["BEGIN", "end"]), 6, "write END"],
    ["carriage returns", trigger(refusal).replaceAll("\n", "\r\n"), 1, "carriage return"],
    ["a byte order mark", `\uFEFF${table}`, 1, "byte order mark"],
    ["CASE … END in a trigger", trigger("SELECT CASE WHEN 1 THEN 2 END;"), 5, "CASE in a trigger"],
    ["CASE … END in parentheses", trigger("SELECT (CASE WHEN 1 THEN 2 END);"), 5, "CASE in a trigger"],
    ["a case in lower case", trigger("SELECT case when 1 then 2 end;"), 5, "CASE in a trigger"],
    ["a column that is called end", trigger("UPDATE `t` SET end = 1;"), 5, "end within a trigger"],
    ["a quote in a comment inside of a trigger", trigger(`-- It's refused.\n\t${refusal}`), 5, "quote"],
    ["a semicolon in a comment inside of a trigger", trigger(`-- Refused; always.\n\t${refusal}`), 5, "semicolon"],
    ["a semicolon in a block comment", `/* one;\n two */\n${table}`, 1, "semicolon"],
    ["a quote in a comment at the top", `-- The "rows".\n${table}`, 1, "quote"],
    ["END in a comment", `-- In the end.\n${table}`, 1, "BEGIN, CASE and END"],
    ["a semicolon within a text", trigger("SELECT RAISE(ABORT, 'no; never');"), 5, "within quotes"],
    ["a last statement without a semicolon", table.replace(";\n--> statement-breakpoint\n", ""), 1, "No semicolon"],
    ["a transaction", `BEGIN TRANSACTION;\n${table}COMMIT;\n`, 1, "transaction"],
    ["a statement of more than 100 KB", `${table}SELECT '${"x".repeat(100_001)}';\n`, 2, "bytes"],
  ])("has %s", (_what, sql, line, words) => {
    const [first] = remoteFaultsIn(sql);
    expect(first).toEqual({ line, reason: expect.stringContaining(words) });
  });
});

test("the statements of all migrations are taken", () => {
  const faults = env.TEST_MIGRATIONS.flatMap(({ name, queries }) =>
    queries.flatMap((query) =>
      remoteFaultsIn(`${query.trim().replace(/;$/, "")};`).map((fault) => ({ name, ...fault })),
    ),
  );
  expect(faults).toEqual([]);
});

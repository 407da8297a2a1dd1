// What `wrangler d1 migrations apply --remote` is known to fail with. It sends a whole file, and behind it the statement
// that notes its name, to D1's query endpoint, which splits it into statements itself: not as SQLite does, nor as wrangler
// does for local databases. The faults are reported as issues of cloudflare/workers-sdk; their numbers stand beside them.

/** Something in a migration with which a deployed database is known to fail, or may. */
export interface MigrationFault {
  /** From 1. */
  readonly line: number;
  /** What is wrong and what to do about it, as a sentence. */
  readonly reason: string;
}

/** D1 takes no longer statement. */
const statementBytesMax = 100_000;

interface Token {
  readonly kind: "comment" | "text" | "name" | "word" | "semicolon" | "other";
  readonly text: string;
  readonly line: number;
}

const tokenPattern =
  /(?<comment>--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<text>'(?:[^']|'')*')|(?<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])|(?<word>[A-Za-z_][\w$]*)|(?<semicolon>;)|(?<other>\S)/gu;

function tokensOf(sql: string): readonly Token[] {
  let line = 1;
  let place = 0;
  return [...sql.matchAll(tokenPattern)].map(({ 0: text, index, groups }) => {
    line += sql.slice(place, index).split("\n").length - 1;
    place = index;
    const kind = Object.entries(groups ?? {}).find(([, found]) => found !== undefined)?.[0] as Token["kind"];
    return { kind, text, line };
  });
}

/** All that is known to fail in a migration, in the order of its lines. Nothing for one that a deployed database takes. */
export function remoteFaultsIn(sql: string): readonly MigrationFault[] {
  const tokens = tokensOf(sql);
  const statements = statementsOf(tokens);
  return [
    ...faultsOfLines(sql),
    ...tokens.filter(({ kind }) => kind === "comment").flatMap(faultsOfComment),
    ...tokens.filter(({ kind }) => kind === "text" || kind === "name").flatMap(faultsOfQuoted),
    ...statements.flatMap(({ own, isEnded }) => faultsOfStatement(own, isEnded)),
    ...faultsOfLength(sql),
  ].sort((left, right) => left.line - right.line);
}

const breakPattern = /\r|^\uFEFF/u;

/** #14991, mended in wrangler 4.120 for most places. */
const faultsOfLines = (sql: string): readonly MigrationFault[] =>
  sql.split("\n").flatMap((line, index) => {
    const reason = "A carriage return or a byte order mark: save the file with line feeds only, as plain UTF-8.";
    return breakPattern.test(line) ? [{ line: index + 1, reason }] : [];
  });

/** drizzle-kit's, which wrangler and D1 read as a comment. */
const separator = "--> statement-breakpoint";
const blockWord = /\b(?:begin|case|end)\b/iu;

/** #4713, #3892: quotes and semicolons count in comments as they do outside of them. */
function faultsOfComment({ text, line }: Token): readonly MigrationFault[] {
  if (text === separator) return [];
  const faults: MigrationFault[] = [];
  if (/['"`[\]]/u.test(text)) faults.push({ line, reason: "A quote or bracket in a comment: write it without." });
  if (text.includes(";")) faults.push({ line, reason: "A semicolon in a comment: write it without." });
  if (blockWord.test(text)) {
    faults.push({ line, reason: "One of the words BEGIN, CASE and END in a comment: write it without." });
  }
  return faults;
}

/** #2227: a semicolon within a text ended the statement. */
const faultsOfQuoted = ({ text, line }: Token): readonly MigrationFault[] =>
  text.includes(";") ? [{ line, reason: "A semicolon within quotes: write char(59), or do without it." }] : [];

interface Statement {
  readonly own: readonly Token[];
  /** Whether a semicolon ends it. */
  readonly isEnded: boolean;
}

/** As SQLite has them: a trigger's semicolons belong to it, up to the one behind an END that follows another one. */
function statementsOf(tokens: readonly Token[]): readonly Statement[] {
  const statements: Statement[] = [];
  let own: Token[] = [];
  for (const token of tokens.filter(({ kind }) => kind !== "comment")) {
    own.push(token);
    const [last, before] = [own.at(-2), own.at(-3)];
    const isTriggerOver = isWord(last, "END") && before?.kind === "semicolon";
    if (token.kind !== "semicolon" || (isTrigger(own) && !isTriggerOver)) continue;
    statements.push({ own, isEnded: true });
    own = [];
  }
  return own.length === 0 ? statements : [...statements, { own, isEnded: false }];
}

const isWord = (token: Token | undefined, word: string): boolean =>
  token?.kind === "word" && token.text.toUpperCase() === word;

function isTrigger(own: readonly Token[]): boolean {
  const [first, ...next] = own.slice(0, 3);
  return isWord(first, "CREATE") && next.some((token) => isWord(token, "TRIGGER"));
}

function faultsOfStatement(own: readonly Token[], isEnded: boolean): readonly MigrationFault[] {
  const faults: MigrationFault[] = [];
  const [first] = own;
  if (first === undefined) return faults;
  if (!isEnded) {
    const reason = "No semicolon behind the last statement: wrangler writes one of its own there.";
    faults.push({ line: own.at(-1)?.line ?? first.line, reason });
  }
  if (["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT"].some((word) => isWord(first, word))) {
    faults.push({ line: first.line, reason: "A transaction of its own: D1 carries out a migration in one already." });
  }
  if (isTrigger(own)) faults.push(...faultsOfTrigger(own));
  return faults;
}

/**
 * #10998, #15314: the endpoint knows a trigger by an upper-case BEGIN. #4326, #4727: the END of a CASE is taken for the
 * trigger's.
 */
function faultsOfTrigger(own: readonly Token[]): readonly MigrationFault[] {
  const words = own.filter(({ kind }) => kind === "word");
  const faultsAt = (found: readonly Token[], reasonOf: (text: string) => string): readonly MigrationFault[] =>
    found.map(({ line, text }) => ({ line, reason: reasonOf(text) }));
  const cases = words.filter((word) => isWord(word, "CASE"));
  const [begin, end] = [words.find((word) => isWord(word, "BEGIN")), words.at(-1)];
  const framing = [begin, end].flatMap((word) => word ?? []);
  // With a CASE there are ENDs that go with it.
  const others = words.filter((word) => !framing.includes(word) && (isWord(word, "BEGIN") || isWord(word, "END")));
  return [
    ...faultsAt(cases, () => "CASE in a trigger: write iif(), or a condition of WHERE or WHEN."),
    ...faultsAt(
      framing.filter(({ text }) => text !== text.toUpperCase()),
      (text) => `${text} of a trigger: write ${text.toUpperCase()}, in upper case.`,
    ),
    ...faultsAt(
      cases.length > 0 ? [] : others,
      (text) => `${text} within a trigger, besides its own BEGIN and END: quote it, or name it otherwise.`,
    ),
  ];
}

/** Told apart by drizzle-kit's separators, which is good enough for a limit that nothing comes near. */
function faultsOfLength(sql: string): readonly MigrationFault[] {
  let line = 1;
  return sql.split(separator).flatMap((part) => {
    const first = line;
    line += part.split("\n").length - 1;
    const bytes = new TextEncoder().encode(part).length;
    const reason = `A statement of ${bytes} bytes: D1 takes ${statementBytesMax}.`;
    return bytes > statementBytesMax ? [{ line: first, reason }] : [];
  });
}

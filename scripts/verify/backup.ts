import { createHash } from "node:crypto";
import { cpSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { manyLedgers } from "../../test/support/ledger/many-ledgers.ts";
import type * as projectMigrationsModule from "../migrations/project-migrations.ts";
import type { MoveDatabase } from "../tenants/move-database.ts";
import { type RowRun, runRow } from "./measured-row.ts";
import { databaseNames, ProjectCopy, secondBinding } from "./project-copy.ts";
import { Random } from "./random.ts";
import { buildWorker, type Runtime } from "./runtime.ts";
import { codeIn, TestShop } from "./test-shop.ts";

// `npm run backup` of a shop that has everything, and `npm run restore` elsewhere, also when it is killed: every row of
// every table and every answer must be as before.

const tenants = ["one", "two"] as const;
const map = JSON.stringify({ two: secondBinding });
const eventDeadlineMs = 30_000;
/** About how long a small backup takes to be restored: when to interrupt that is a guess. */
const restoreMsUsual = 3_000;
/** A shop with nothing but ledgers; the entries of a small run are made by the shops. */
const manyTenant = "many";

/** What a text can hold: quotes, line breaks and what is written like them, other scripts, SQL, and a lot of it. */
const texts = [
  'it\'s "quoted"; -- and `more`); DROP TABLE lots; /*',
  "two\nlines and a \\n that is none",
  "\\r is none, \r\n is one, \t a tab",
  "Grüße, 日本語, 🎁👩‍👩‍👧, a\u0301, \u2028 and \u00a0",
  "replace('x','\\n',char(10))",
  "",
  "x'".repeat(120),
];

/** Members that tell when an answer was made. */
const momentOfAnswer = /"(?:asOf|checkedAt|timestamp)":"[^"]*",?/;

class FilledShop {
  readonly #shop: TestShop;
  readonly #customers = ["C1", "C2", "C3", "C4", "Ünï 'code'"];

  constructor(shop: TestShop) {
    this.#shop = shop;
  }

  /** Everything that leaves a row somewhere. */
  async fill(runtime: Runtime): Promise<void> {
    const shop = this.#shop;
    const { tenant } = shop;
    await shop.addOption("ten", 10);
    await shop.addOption("more", 25, {
      name: texts[1],
      restrictions: { minOrderValue: { amount: 5, currency: "EUR" } },
    });
    const mixins = `/site/${tenant}/sites/main/mixins`;
    await shop.expect([201], {
      ...shop.managing("POST", mixins),
      json: { notes: { texts, nested: { "a'b": [null, 1.5, true] } } },
    });
    for (const [index, customer] of this.#customers.entries()) await this.#live(customer, index);
    await this.#orders();
    await shop.expect([200], shop.managing("DELETE", `${this.#path("C4")}`));
    await shop.grant("C4", 7);
    const hash = "0".repeat(64);
    if (tenant === "one") {
      await runtime.query(`insert into api_clients values ('c', 'one', '${hash}', 'a b', 1, null)`);
    }
  }

  #path(customer: string): string {
    return `/reward-points/customer/${encodeURIComponent(customer)}`;
  }

  async #live(customer: string, index: number): Promise<void> {
    const shop = this.#shop;
    const add = { ...shop.managing("POST", `${this.#path(customer)}/addPoints`) };
    const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
    for (const [place, description] of texts.entries()) {
      const json = { points: 10 + place, description, "reference-id": `ref ${place}'` };
      await shop.expect([201], { ...add, json, idempotencyKey: `key-${index}-${place}` });
    }
    await shop.expect([201], { ...add, json: { points: 50, createdAt: ago(20), validUntil: ago(10) } });
    const redeem = { ...shop.managing("POST", `${this.#path(customer)}/redeemPoints`) };
    await shop.expect([201], { ...redeem, json: { points: 12 + index, description: texts[index] } });
    await shop.expect([400], { ...redeem, json: { points: 100_000 }, idempotencyKey: `refused-${index}` });
    const exchange = await shop.exchanging(customer, "ten");
    const [kept, used, givenBack] = [
      codeIn(await shop.expect([200], { ...exchange, idempotencyKey: "exchange" })),
      codeIn(await shop.expect([200], exchange)),
      codeIn(await shop.expect([200], exchange)),
    ];
    if (kept === used) throw new Error("Two exchanges have the same code.");
    const token = await shop.customerToken(customer);
    await shop.expect([204], { method: "DELETE", path: `/reward-points/public/customer/coupons/${givenBack}`, token });
    const use = {
      orderCode: `checkout-${index}`,
      orderTotal: { amount: 50, currency: "EUR" },
      discount: { amount: 5, currency: "EUR" },
    };
    const path = `/coupon/${shop.tenant}/coupons/${used}/redemptions`;
    await shop.expect([200, 201], { method: "POST", path, token, json: use });
  }

  /** Orders, returns, one that waits for its order, and one that earns nothing. */
  async #orders(): Promise<void> {
    const order = (id: string, more: object) => ({
      id,
      status: "COMPLETED",
      siteCode: "main",
      customer: { id: "C1" },
      totalPrice: 90,
      comment: texts[1],
      ...more,
    });
    const returned = (id: string, orderId: string) => ({
      type: "return.updated",
      payload: {
        id,
        approvalStatus: "APPROVED",
        orders: [{ id: orderId, items: [{ id: "item", quantity: 1 }] }],
        requestor: { customerId: "C1" },
        total: { value: 30, currency: "EUR" },
      },
    });
    const events = [order("O1", {}), order("O2", { totalPrice: 0 }), order("O3", { siteCode: "nowhere" })];
    const shop = this.#shop;
    const path = `/reward-points/${shop.tenant}/events`;
    for (const json of events) await shop.expect([202], { ...shop.managing("POST", path), json });
    await this.#until(events.length);
    for (const json of [returned("R1", "O1"), returned("R2", "O9")]) {
      await shop.expect([202], { ...shop.managing("POST", path), json });
    }
    await this.#until(events.length + 2);
  }

  /** Waits until the inbox has as many events. */
  async #until(events: number): Promise<void> {
    const path = `/reward-points/${this.#shop.tenant}/events`;
    for (const deadline = Date.now() + eventDeadlineMs; ; ) {
      const { headers } = await this.#shop.expect([200], {
        ...this.#shop.managing("GET", path),
        headers: { "x-total-count": "true" },
      });
      if (Number(headers["x-total-count"]) >= events) return;
      if (Date.now() > deadline) throw new Error(`Not all of ${events} events were processed.`);
      await pause(50);
    }
  }
}

/** What the service tells of everything: bodies by path. */
async function answersOf(runtime: Runtime): Promise<ReadonlyMap<string, string>> {
  const answers = new Map<string, string>();
  for (const tenant of tenants) {
    const shop = await TestShop.of(runtime, tenant);
    const customers = ["C1", "C2", "C3", "C4", "Ünï 'code'"].map(encodeURIComponent);
    const paths = [
      ...customers.flatMap((id) =>
        ["", "/summary", "/explain", "/verify"].map((end) => `/reward-points/customer/${id}${end}`),
      ),
      `/reward-points/${tenant}/redeemOptions`,
      `/reward-points/${tenant}/events`,
      `/coupon/${tenant}/coupons?pageSize=100`,
      `/site/${tenant}/sites/main/mixins`,
      "/reward-points/summaryBatch",
    ];
    for (const path of paths) {
      const { status, body } = await shop.call(shop.managing("GET", path));
      answers.set(`${tenant} ${path}`, `${status} ${body.replace(momentOfAnswer, "")}`);
    }
    // What was done once is recognized: the same key is answered as before.
    const again = { ...(await shop.exchanging("C1", "ten")), idempotencyKey: "exchange" };
    const { status, body } = await shop.call(again);
    answers.set(`${tenant} an exchange again`, `${status} ${body}`);
    shop.client.close();
  }
  return answers;
}

/** A digest and a number of rows for each table of each database, and the text of each trigger, view and index. */
async function contentsOf(copy: ProjectCopy): Promise<ReadonlyMap<string, string>> {
  const contents = new Map<string, string>();
  await copy.withDatabases(async (ends) => {
    for (const { binding, database } of ends.values()) {
      const { results } = await database
        .prepare("select type, name, sql from sqlite_schema where name not like '_cf_%' order by type, name")
        .all<{ readonly type: string; readonly name: string; readonly sql: string }>();
      for (const { type, name, sql } of results) {
        const isTable = type === "table" && !name.startsWith("sqlite_");
        const rows = isTable ? await digestOf(name, database) : "";
        contents.set(`${binding} ${name}`, `${sql} ${rows}`);
      }
    }
  });
  return contents;
}

async function digestOf(table: string, database: MoveDatabase): Promise<string> {
  const { results: columns } = await database
    .prepare(`pragma table_info("${table}")`)
    .all<{ readonly name: string; readonly pk: number }>();
  const key = columns.filter(({ pk }) => pk > 0).sort((left, right) => left.pk - right.pk);
  const order = key.map(({ name }) => `"${name}"`).join(", ");
  // When a migration was applied is the database's own.
  const names = columns.map(({ name }) => `"${name}"`).filter((name) => name !== '"applied_at"');
  const hash = createHash("sha256");
  let rows = 0;
  for (let isMore = true; isMore; ) {
    const { results } = await database
      .prepare(`select json_array(${names.join(", ")}) as row from "${table}" order by ${order} limit 5000 offset ?1`)
      .bind(rows)
      .all<{ readonly row: string }>();
    for (const { row } of results) hash.update(row).update("\n");
    rows += results.length;
    isMore = results.length === 5000;
  }
  return `${rows} rows ${hash.digest("hex")}`;
}

function compare(
  run: RowRun,
  where: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): number {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const different = names.filter((name) => before.get(name) !== after.get(name));
  for (const name of different) {
    const [was, is] = [before.get(name) ?? "nothing", after.get(name) ?? "nothing"];
    run.fault(`${where}: ${name} was ${was.slice(-300)} and is ${is.slice(-300)}`);
  }
  return different.length;
}

/** Loads all that wrangler exports of a database, schema and rows, into an empty one. */
async function loadExport(name: string, from: ProjectCopy, to: ProjectCopy): Promise<void> {
  const file = join(to.folder, `${name}.sql`);
  await from.mustRunWrangler("d1", "export", name, "--local", "--output", file);
  await to.mustRunWrangler("d1", "execute", name, "--local", "--yes", "--file", file);
}

/** How many rows each table has: an export does not tell line breaks from what it writes for them. */
const withoutDigests = (contents: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...contents].map(([name, text]) => [name, text.replace(/(?<= rows )[0-9a-f]+$/, "")]));

async function fillAll(copy: ProjectCopy, workerFolder: string, entries: number): Promise<void> {
  const { applyMigrations, projectMigrations } = (await import(
    join(copy.folder, "scripts/migrations/project-migrations.ts")
  )) as typeof projectMigrationsModule;
  await copy.withDatabases(async (ends) => {
    for (const { database } of ends.values()) await applyMigrations(database, projectMigrations());
  });
  const runtime = await copy.start(workerFolder, map);
  try {
    for (const tenant of tenants) await new FilledShop(await TestShop.open(runtime, tenant)).fill(runtime);
    // Behind the service's back: damage must come back as well, for whoever looks into it.
    await runtime.query("update lots set created_at = created_at + 1 where tenant = 'one' and customer_id = 'C3'");
    await runtime.query("delete from ledger_entries where tenant = 'one' and customer_id = 'C2' and sequence = 2");
    await runtime.scheduled("*/5 * * * *");
  } finally {
    await runtime.stop();
  }
  if (entries > 0) await copy.withDatabases(async (ends) => fillMany(ends.get("DB")?.database, entries));
}

/** Adds a shop of nothing but ledgers, of ten entries each. */
async function fillMany(database: MoveDatabase | undefined, entries: number): Promise<void> {
  if (database === undefined) throw new Error("There is no database DB.");
  for (const slice of manyLedgers({ tenant: manyTenant, customers: entries / 10, entriesEach: 9 })) {
    await database.batch(slice.map((statement) => database.prepare(statement)));
  }
}

await runRow("backup", async (run) => {
  const random = new Random(run.seed);
  const kills = run.sized(1, 8);
  const entries = run.sized(0, 100_000);
  const copies: ProjectCopy[] = [];
  const newCopy = (withMap = map): ProjectCopy => {
    const copy = ProjectCopy.make(withMap);
    copies.push(copy);
    return copy;
  };
  let wrong = 0;
  const expectRefusal = async (words: string, copy: ProjectCopy, ...restore: readonly string[]) => {
    const { exitCode, output } = await copy.run("restore.ts", ...restore);
    if (exitCode !== 0 && output.includes(words)) return;
    wrong += 1;
    run.fault(`a restoration that should be refused with "${words}" ended with ${exitCode}: ${output}`);
  };
  try {
    const workerFolder = await buildWorker();
    const source = newCopy();
    await fillAll(source, workerFolder, entries);
    const running = await source.start(workerFolder, map);
    const answers = await answersOf(running);
    await running.stop();
    const contents = await contentsOf(source);
    const rows = [...contents.values()].reduce((sum, text) => sum + Number(/ (\d+) rows/.exec(text)?.[1] ?? 0), 0);

    const compareWith = async (copy: ProjectCopy, words: string) => {
      wrong += compare(run, words, contents, await contentsOf(copy));
      const restored = await copy.start(workerFolder, map);
      wrong += compare(run, words, answers, await answersOf(restored));
      await restored.stop();
    };
    const restoreWhole = async (): Promise<number> => {
      const copy = newCopy();
      const startedAt = performance.now();
      await copy.mustRun("restore.ts", backup);
      const milliseconds = performance.now() - startedAt;
      await compareWith(copy, "restored");
      return milliseconds;
    };
    const backupStart = performance.now();
    await source.mustRun("backup.ts", "--to", "kept");
    const backupSeconds = (performance.now() - backupStart) / 1000;
    const backup = join(source.folder, "kept");

    const loaded = newCopy();
    for (const name of databaseNames) await loadExport(name, source, loaded);
    wrong += compare(run, "an export, loaded", withoutDigests(contents), withoutDigests(await contentsOf(loaded)));

    // A small run restores once, interrupted.
    const restoreMs = run.isFull ? await restoreWhole() : restoreMsUsual;
    const killed = newCopy();
    let interrupted = 0;
    for (let kill = 1; kill <= kills; kill += 1) {
      const milliseconds = random.between(0, Math.floor(restoreMs * 0.4));
      if (await killed.killAfter(milliseconds, "restore.ts", backup)) interrupted += 1;
    }
    const { exitCode, output } = await killed.run("restore.ts", backup);
    const wasComplete = exitCode !== 0 && output.includes("Not empty");
    if (exitCode !== 0 && !wasComplete) run.fault(`after kills: ${output}`);
    await compareWith(killed, `after ${interrupted} kills`);
    if (run.isFull) {
      wrong += await compareOlder(run, newCopy(), newCopy());
      await expectRefusal("Not empty", killed, backup);
      await expectRefusal("TENANT_DATABASES", newCopy(""), backup);
      const cutOff = join(source.folder, "cut-off");
      cpSync(backup, cutOff, { recursive: true });
      truncateSync(join(cutOff, `${secondBinding}.jsonl`), 5_000);
      await expectRefusal("is not a complete backup", newCopy(), cutOff);
    }

    const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1);
    return {
      number: wrong,
      words: `differences in ${rows} rows and ${answers.size} answers; ${interrupted} kills; backup ${backupSeconds.toFixed(1)} s, ${run.isFull ? `restore ${seconds(restoreMs)} s` : "restored"}`,
    };
  } finally {
    for (const copy of copies) copy.delete();
  }
});

/** A backup of before the last migration, restored where that is known. */
async function compareOlder(run: RowRun, older: ProjectCopy, newer: ProjectCopy): Promise<number> {
  const { applyMigrations, projectMigrations } = (await import(
    join(older.folder, "scripts/migrations/project-migrations.ts")
  )) as typeof projectMigrationsModule;
  older.remove(join("drizzle", projectMigrations().at(-1) ?? ""));
  const known = projectMigrations();
  await older.withDatabases(async (ends) => {
    for (const { database } of ends.values()) {
      await applyMigrations(database, known);
      await database.prepare("insert into site_mixins values ('old', 'main', 'notes', '{}')").all();
    }
  });
  await older.mustRun("backup.ts", "--to", "kept");
  await newer.mustRun("restore.ts", join(older.folder, "kept"));
  const contents = await contentsOf(newer);
  const mixins = contents.get(`${secondBinding} site_mixins`) ?? "";
  const migrations = contents.get(`${secondBinding} d1_migrations`) ?? "";
  const isRight = mixins.includes(" 1 rows ") && migrations.includes(` ${known.length + 1} rows `);
  if (!isRight) run.fault(`an older backup came back as ${mixins} at ${migrations}`);
  return isRight ? 0 : 1;
}

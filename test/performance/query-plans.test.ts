import { env } from "cloudflare:workers";
import { getTableName } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { sha256Hex } from "../../src/platform/runtime/sha256.ts";
import { EmporixStandIn } from "../support/emporix-stand-in.ts";
import { type Flow, flows, Stage } from "../support/faults/fault-flows.ts";
import { FaultyService } from "../support/faults/faulty-service.ts";
import { orderUpdated } from "../support/orders/order-events.ts";
import { namedIndexes } from "./named-indexes.ts";
import { DatabaseRecord, recordDatabases, type SentStatement } from "./recorded-database.ts";
import {
  inOneLine,
  planOf,
  type Slowness,
  serviceTables,
  slowLines,
  tablesOf,
  triggerStatements,
} from "./statement-plans.ts";

// Every statement that the service sends to D1 while it does all that it can do is recorded, and its plan looked at.

/** A plan that is as it is for a reason: it does not grow with the table, or is meant to go through it. */
interface Exception {
  /** What fits the statement, in one line. */
  readonly statement: RegExp;
  readonly line: RegExp;
  readonly reason: string;
}

const sort = /^USE TEMP B-TREE FOR (?:LAST TERM OF )?ORDER BY$/;
const tenant = /^SEARCH \S+ USING .*\(tenant=\?\)$/;

const exceptions: readonly Exception[] = [
  {
    statement: /indexed by "coupons_of_merchants" where/,
    line: /USING INDEX coupons_of_merchants \(tenant=\?\)/,
    reason: "An erasure looks through the lists of customers in the coupons that merchants have made.",
  },
  {
    statement: /limit \?\) as "coupons"/,
    line: /coupons_by_time|USE TEMP B-TREE FOR ORDER BY|SCAN|CO-ROUTINE|MATERIALIZE/,
    reason: "A search looks at a bounded number of the newest coupons.",
  },
  {
    statement: /row_number\(\) over \(partition by "order_id"/,
    line: sort,
    reason: "Sorts what waits for the orders of one batch.",
  },
  {
    statement: /^update "order_events" set "processed_at" = \?, "attempts" =/,
    line: /^SCAN order_events USING INDEX order_events_undelivered$/,
    reason: "The index has nothing but events that were not carried through, and this job is there for them.",
  },
  {
    statement: /union select \* from \( select distinct tenant/,
    line: sort,
    reason: "Merges the next few keys of each table, which were found by its index.",
  },
  {
    statement: /iif\(g.sequence <= 100,/,
    line: /^USE TEMP B-TREE FOR group_concat\(ORDER BY\)$/,
    reason: "Sorts the entries of one customer who has no more than that.",
  },
  {
    statement: /^select iif\(e.kind in /,
    line: sort,
    reason: "Sorts the entries of one customer, who has many.",
  },
  {
    statement: /json_group_array\(id order by first\)/,
    line: /^USE TEMP B-TREE FOR (?:GROUP BY|json_group_array\(ORDER BY\))$/,
    reason: "Sums up and sorts the uses of one lot.",
  },
  {
    statement: /from "exchanges" where \("exchanges"."tenant" = \? and "exchanges"."customer_id" = \?\) order by/,
    line: sort,
    reason: "Sorts the exchanges of one customer.",
  },
  {
    statement: /tenants_away/,
    line: /^SEARCH (?:a|tenants_away) USING PRIMARY KEY \(tenant=\?\)$/,
    reason: "One row a tenant, and none for most of them.",
  },
  {
    statement: /from "redeem_options" where "redeem_options"."tenant" = \?$/,
    line: tenant,
    reason: "A tenant's options are the answer.",
  },
  {
    statement: /from "sites" where "sites"."tenant" = \? order by "sites"."site_code" asc$/,
    line: tenant,
    reason: "A tenant's sites are the answer, of which it has 200 at most.",
  },
  {
    statement: /"sites"."is_default" = 1/,
    line: /^SEARCH sites USING (?:COVERING )?INDEX sites_default \(tenant=\?\)$/,
    reason: "The index is unique: a tenant has one default site.",
  },
  {
    statement: /^select .* from "?ledgers"? where ("ledgers".)?"?tenant"? = \?1?( order by .*)?$/,
    line: tenant,
    reason: "A page of a tenant's customers, along the key, or their number.",
  },
  {
    statement: /from "coupons" where (?!.*"issued_to" = \?)/,
    line: tenant,
    reason: "A page of a tenant's coupons, along an index that has them sorted, or their number.",
  },
  {
    statement:
      /from "order_events" where \(?"order_events"."tenant" = \?( and "order_events"."verdict" = \?\))?( order|$)/,
    line: /^SEARCH \S+ USING .*\(tenant=\?( AND verdict=\?)?\)$/,
    reason: "A page of a tenant's events, along the key, or their number.",
  },
];

/** Tables that the service itself does not read or write, and who does. */
const untouched = {
  read: {
    erased_totals: "whoever sums up the books",
    ledger_findings: "whoever looks into an alert",
    refusals: "nobody: it never has a row",
  },
  written: { api_clients: "npm run client", tenants_away: "npm run tenants" },
} as const;

const standIn = new EmporixStandIn();
const variablesOf: Readonly<Record<Flow["coupons"], Readonly<Record<string, string>>>> = {
  embedded: {
    EMPORIX_UNKNOWN_CUSTOMER: "404",
    EMPORIX_ORDERS: "poll",
    EMPORIX_URL: standIn.baseUrl,
    EMPORIX_TENANT: "plans-polled",
    ...standIn.couponVariables,
    COUPON_SERVICE_URL: "",
  },
  upstream: standIn.couponVariables,
};

let service: FaultyService | null = null;
const record = new DatabaseRecord(() => service?.points.isAtWork ?? false);
/** Methods of the stores, and those that were called. */
const methods = new Set<string>();
const called = new Set<string>();

/** Notes which methods of the stores of all rooms are called in the isolate that was started last. */
async function watchStores(): Promise<void> {
  for (const load of Object.values(
    import.meta.glob(["../../src/*/storage/*.ts", "!../../src/*/storage/{remembered,cached,kv}-*.ts"]),
  )) {
    for (const [name, exported] of Object.entries(await load())) {
      if (typeof exported !== "function" || exported.prototype === undefined) continue;
      const { prototype } = exported;
      for (const method of Object.getOwnPropertyNames(prototype)) {
        const descriptor = Object.getOwnPropertyDescriptor(prototype, method);
        const act: unknown = descriptor?.value;
        if (method === "constructor" || typeof act !== "function") continue;
        const fullName = `${name}.${method}`;
        methods.add(fullName);
        const watched = function (this: unknown, ...given: unknown[]): unknown {
          called.add(fullName);
          return act.apply(this, given);
        };
        Object.defineProperty(prototype, method, { ...descriptor, value: watched });
      }
    }
  }
}

async function start(coupons: Flow["coupons"]): Promise<FaultyService> {
  const started = await FaultyService.start(variablesOf[coupons], (url, init) => standIn.fetch(url, init as never));
  await watchStores();
  service = started;
  return started;
}

let customers = 0;
const nextCustomer = (): string => {
  customers += 1;
  return `C${customers}`;
};

/** Every way in which something is written, from its beginning to its end. */
async function runFlows(running: FaultyService, coupons: Flow["coupons"]): Promise<void> {
  const tenant = `plans-${coupons}`;
  await (await Stage.open(running, standIn, tenant, "first")).furnish();
  for (const flow of flows.filter((other) => other.coupons === coupons)) {
    standIn.always("coupon.create", null);
    const stage = await Stage.open(running, standIn, tenant, nextCustomer());
    running.clear();
    const scene = await flow.arrange(stage);
    await stage.cool();
    expect(await scene.attempt()).toBe(true);
    await scene.repeat?.();
    if (coupons === "upstream") await running.runAlarm(stage.key);
    await scene.expectEffect();
  }
}

/** All combinations of the parameters, each left out or with one of its values. */
function queries(parameters: Readonly<Record<string, readonly string[]>>): readonly string[] {
  return Object.entries(parameters).reduce<readonly string[]>(
    (all, [name, values]) =>
      all.flatMap((query) => [query, ...values.map((value) => `${query}&${name}=${encodeURIComponent(value)}`)]),
    ["pageNumber=1"],
  );
}

async function readEverything(running: FaultyService): Promise<void> {
  const customerId = nextCustomer();
  const stage = await Stage.open(running, standIn, "plans-embedded", customerId);
  const { tenant } = stage;
  const code = await stage.buy();
  const get = async (path: string, token = stage.employee, headers = {}) =>
    (await running.must("GET", path, { token, headers })).body;
  const coupons = `/coupon/${tenant}/coupons`;
  const redemptions = `${coupons}/${code}/redemptions`;
  const use = { orderTotal: { amount: 100 }, discount: { amount: 10 }, customerNumber: customerId };
  await stage.manage("POST", `${coupons}/${code}/validation`, use);
  await stage.manage("POST", `${coupons}/${code}/validation`, { ...use, legalEntityId: "L1", orderCode: "O1" });
  const { id } = (await stage.manage("POST", redemptions, use)).body as { id: string };
  await get(`${redemptions}/${id}`);
  // The order has earned for one customer, and then it is another one's.
  await stage.process(stage.order(), orderUpdated(`O-${customerId}`, { customer: { id: nextCustomer() } }));
  // The same, with nothing known of the order but what its ledger tells.
  await env.DB.prepare("delete from orders where tenant = ?").bind(tenant).run();
  await stage.process(orderUpdated(`O-${customerId}`, { customer: { id: nextCustomer() } }));
  await stage.process(stage.returned(), { type: "return.deleted", payload: { id: `R-${customerId}` } });
  // One that is recognized when it comes again, and names somebody besides its customer.
  await stage.process({ id: "e", type: "order.updated", payload: { id: "N", buyer: { id: nextCustomer() } } });

  const sorts = { sort: ["issuedAt:desc", "code", "code:desc"], totalCount: ["true"] };
  const coupon = { issuedTo: [customerId], code: [code], status: ["VALID"], showDeleted: ["true"] };
  for (const query of queries({ ...coupon, ...sorts })) await get(`${coupons}?${query}`);
  for (const query of queries({ customerNumber: [customerId], orderCode: ["O1"], sort: ["redeemedAt:desc"] })) {
    await get(`${redemptions}?${query}&totalCount=true`);
  }
  await get(`${coupons}?q=${encodeURIComponent("name:~a discountType:PERCENT restrictions.validFor:C1")}&sort=name`);
  const made = { name: "Made", discountType: "PERCENT", discountPercentage: 10, code: `MADE-${customerId}` };
  await stage.manage("POST", coupons, made);
  await running.must("PATCH", `${coupons}/${made.code}`, { token: stage.employee, json: { name: "Changed" } });
  await get(`/coupon/${tenant}/referral-coupons/${customerId}`);
  // A customer without points may be one without an entry.
  const unknown = await running.call("GET", "/reward-points/customer/nobody", { token: stage.employee });
  expect(unknown).toMatchObject({ status: 404 });
  const event = { orderId: ["O1"], customerId: [customerId], verdict: ["granted"] };
  for (const query of queries(event))
    await get(`${stage.eventsPath}?${query}`, stage.employee, { "X-Total-Count": "true" });
  const [kept] = (await get(`${stage.eventsPath}?customerId=${customerId}`)) as readonly { readonly id: string }[];
  await get(`${stage.eventsPath}/${kept?.id}`);
  // Its order has earned, and then it was sent again and given up: what has waited for it is looked for.
  const [earner] = (await get(`${stage.eventsPath}?customerId=${customerId}&verdict=granted`)) as (typeof kept)[];
  await stage.manage("POST", `${stage.eventsPath}/${earner?.id}/replay`);
  await running.deliver("reward-points-events-dlq");
  await get(`${coupons}/${code}?showDeleted=true`);

  for (const query of ["", "?pageNumber=1&pageSize=2"]) {
    await get(`/reward-points/summaryBatch${query}`, stage.employee, { "X-Total-Count": "true" });
  }
  for (const rest of ["", "/summary", "/explain", "/explain?asOf=2030-01-01T00:00:00Z", "/verify"]) {
    await get(`/reward-points/customer/${customerId}${rest}`);
  }
  for (const rest of ["", "/summary", "/explain", "/redeemOptions", "/coupons?pageNumber=2"]) {
    await get(`/reward-points/public/customer${rest}`, stage.customer);
  }
  await get(`/reward-points/${tenant}/redeemOptions`);
  for (const rest of ["", "/couponSettings"]) await get(`/site/${tenant}/sites/main/mixins${rest}`);
}

beforeAll(async () => {
  // Thousands of requests are logged, and it is not the log that is looked at.
  for (const method of ["log", "warn", "error"] as const) vi.spyOn(console, method).mockImplementation(() => {});
  recordDatabases(record);
});

afterAll(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Rows that are read in pieces, a few more than one piece has. */
const manyRows = 5_001;

async function keepMany(running: FaultyService, tenant: string): Promise<void> {
  const stage = await Stage.open(running, standIn, tenant, nextCustomer());
  await stage.grant();
  const numbers = `with recursive n (i) as (select 1 union all select i + 1 from n where i < ${manyRows})`;
  const insert = (text: string) => env.DB.prepare(`${text}`).bind(tenant, stage.customerId);
  await env.DB.batch([
    insert(`insert into lots (tenant, customer_id, lot_id, points, used_points, created_at, valid_until)
      ${numbers} select ?1, ?2, 'lot-' || i, 1, 0, 0, i from n`),
    insert(`insert into coupons (tenant, canonical_code, code, definition, issued_to, issued_at, exchange_id,
      redeem_option_id, redemption_count) ${numbers} select ?1, ?2 || i, ?2 || i, '{}', ?2, 0, i, 'o', 0 from n`),
    insert(`insert into exchanges (tenant, customer_id, exchange_id, coupon_code, canonical_code, redeem_option_id,
      definition, state, created_at, updated_at) ${numbers} select ?1, ?2, i, i, i, 'o', '{}', 'VOIDING', 0, 0 from n`),
  ]);
  await running.must("GET", `/reward-points/customer/${stage.customerId}/verify`, { token: stage.employee });
  // A history that is too long for one row, as far as the ledger knows.
  const long = env.DB.prepare("update ledgers set sequence = ?3 where tenant = ?1 and customer_id = ?2");
  await long.bind(tenant, stage.customerId, manyRows).run();
  const path = `/reward-points/customer/${stage.customerId}/summary`;
  await running.must("GET", path, { token: stage.employee });
  running.evict();
  await running.runJobs();
}

describe("the service, while its statements are recorded", () => {
  test("does everything with coupons of its own", { timeout: 60_000 }, async () => {
    const running = await start("embedded");
    await runFlows(running, "embedded");
    await readEverything(running);
  });

  test("does everything with coupons that are issued elsewhere", { timeout: 60_000 }, async () => {
    const running = await start("upstream");
    await runFlows(running, "upstream");
    const stage = await Stage.open(running, standIn, "plans-elsewhere", "first");
    await running.must("GET", "/reward-points/public/customer/coupons", { token: stage.customer });
    await keepMany(running, stage.tenant);
  });

  test("gives tokens to API clients", async () => {
    const running = await start("embedded");
    await running.must("GET", "/health");
    await env.DB.prepare("insert into api_clients values ('client', 'plans', ?, '', 0, null)")
      .bind(await sha256Hex("secret"))
      .run();
    const { default: worker } = await import("../../src/worker.ts");
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: "client",
      client_secret: "secret",
    });
    const request = new Request("https://points.test/oauth/token", { method: "POST", body });
    const context = { waitUntil: () => {}, passThroughOnException: () => {} };
    const { status } = await worker.fetch(request as never, env, context as never);
    expect(status).toBe(200);
  });
});

describe("the recorded statements", () => {
  const distinct = (): readonly SentStatement[] => [
    ...new Map(record.statements.map((statement) => [inOneLine(statement.sql), statement])).values(),
  ];

  test("are those of every method of every store", () => {
    expect(methods.size).toBeGreaterThan(0);
    expect([...methods].filter((name) => !called.has(name))).toEqual([]);
  });

  test("read and write every table", async () => {
    const touched = { read: new Set<string>(), written: new Set<string>() };
    for (const statement of distinct()) {
      const { read, written } = await tablesOf(statement);
      for (const table of read) touched.read.add(table);
      for (const table of written) touched.written.add(table);
    }
    const missing = (await serviceTables()).flatMap((table) =>
      (["read", "written"] as const).flatMap((how) =>
        touched[how].has(table) || table in untouched[how] ? [] : [`${table} is not ${how}`],
      ),
    );
    expect(missing).toEqual([]);
  });

  test("would be seen to go through a table", async () => {
    const linesOf = async (sql: string) => slowLines(await planOf({ sql, parameters: [] }));
    expect(await linesOf("select * from ledger_entries where points = 5")).toEqual(["SCAN ledger_entries"]);
    expect(await linesOf("select tenant from lots l order by tenant, customer_id, lot_id")).toEqual(["SCAN l"]);
    expect(await linesOf("select count(*) from coupons")).toHaveLength(1);
    expect(await linesOf("select * from coupons where tenant = 'a' order by code")).toEqual([
      expect.stringContaining("(tenant=?)"),
      "USE TEMP B-TREE FOR ORDER BY",
    ]);
    expect(await linesOf("select * from coupons where tenant = 'a'")).toHaveLength(1);
    expect(await linesOf("select * from coupons where tenant = 'a' and canonical_code = 'b'")).toEqual([]);
    const values = "json_each('[]') j";
    expect(await linesOf(`select * from ${values} join lots l on l.points = j.value`)).toHaveLength(1);
    expect(
      await linesOf(
        `select * from (select value from ${values} limit 1) v join ledgers g on g.tenant = v.value and g.customer_id = 'c'`,
      ),
    ).toEqual([]);
  });

  test("find their rows by an index that is not shared by all of a tenant, and need not sort", async () => {
    const slow: Slowness[] = [];
    const statements = [...distinct(), ...(await triggerStatements())];
    for (const statement of statements) {
      const sql = inOneLine(statement.sql);
      const lines = slowLines(await planOf(statement));
      slow.push(...lines.map((line) => ({ sql, line })));
    }
    const excused = ({ sql, line }: Slowness) =>
      exceptions.filter((one) => one.statement.test(sql) && one.line.test(line));
    expect(slow.filter((one) => excused(one).length === 0)).toEqual([]);
    // What has been mended, or is not there any more, is taken off the list.
    const needed = new Set(slow.flatMap(excused));
    expect(exceptions.filter((one) => !needed.has(one))).toEqual([]);
    console.info(`${statements.length} statements, those of triggers among them, were looked at.`);
  });

  test("take each index that is named to them, of the table that they are about", async () => {
    const { results } = await env.DB.prepare(
      "select name, tbl_name as 'table' from sqlite_master where type = 'index'",
    ).all<{ name: string; table: string }>();
    const tableOfIndex = new Map(results.map(({ name, table }) => [name, table]));
    const texts = distinct().map(({ sql }) => sql);
    for (const [index, table] of Object.entries(namedIndexes)) {
      expect([index, tableOfIndex.get(index)]).toEqual([index, getTableName(table)]);
      expect(texts.filter((text) => text.includes(`indexed by "${index}"`))).not.toEqual([]);
    }
  });
});

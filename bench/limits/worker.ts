import { DurableObject } from "cloudflare:workers";
import { Hono } from "hono";

// What no request of its kind can be faster than: a route that does nothing, a hop to an object that does nothing, an
// object that stores three rows, one whose rows a lane stores together with those of others, and events that are only
// stored.

interface LimitBindings {
  readonly DB: D1Database;
  readonly PLAIN: DurableObjectNamespace<PlainObject>;
  readonly LANE: DurableObjectNamespace<PlainLane>;
}

type Row = readonly [owner: string, id: string, value: number];

/** An object without a rule. */
export class PlainObject extends DurableObject<LimitBindings> {
  readonly #insert = ["a", "b", "c"].map((table) =>
    this.env.DB.prepare(`insert into ${table} (owner, id, value) values (?1, ?2, ?3)`),
  );

  /** A number out of memory. */
  number(): number {
    return 100;
  }

  /** Commits three rows, each into a table of its own, in one transaction. */
  async store(): Promise<string> {
    const id = crypto.randomUUID();
    const owner = this.ctx.id.name ?? "";
    await this.env.DB.batch(this.#insert.map((statement) => statement.bind(owner, id, 10)));
    return id;
  }

  /** The same through a lane, into as many tables as it writes to. */
  async storeInLane(tables: number): Promise<string> {
    const id = crypto.randomUUID();
    await this.env.LANE.getByName(String(tables)).store([this.ctx.id.name ?? "", id, 10]);
    return id;
  }
}

/** Stores what has come in meanwhile with one call, again and again. Its name says how many tables get each row. */
export class PlainLane extends DurableObject<LimitBindings> {
  readonly #inserts = laneTables
    .slice(0, Number(this.ctx.id.name))
    .map((table) =>
      this.env.DB.prepare(
        `insert into ${table} (owner, id, value) select value ->> 0, value ->> 1, value ->> 2 from json_each(?1)`,
      ),
    );
  #rows: Row[] = [];
  /** The call that is going to take what waits; null when nothing does. */
  #next: Promise<void> | null = null;
  #last: Promise<void> = Promise.resolve();

  store(row: Row): Promise<void> {
    this.#rows.push(row);
    this.#next ??= this.#last.then(() => this.#send());
    return this.#next;
  }

  #send(): Promise<void> {
    const rows = JSON.stringify(this.#rows);
    this.#rows = [];
    this.#next = null;
    this.#last = this.env.DB.batch(this.#inserts.map((statement) => statement.bind(rows))).then(() => {});
    return this.#last;
  }
}

const laneTables = ["a", "b", "c", "d", "e", "f", "g"];

const app = new Hono<{ Bindings: LimitBindings }>();
app.get("/plain", (c) => c.json(100));
app.get("/hop/:id", async (c) => c.json(await c.env.PLAIN.getByName(c.req.param("id")).number()));
app.post("/store/:id", async (c) => c.json({ id: await c.env.PLAIN.getByName(c.req.param("id")).store() }));
app.post("/events", async (c) => {
  const events = await c.req.json<readonly { readonly id: string; readonly event: object }[]>();
  const rows = JSON.stringify(events.map(({ id, event }) => [crypto.randomUUID(), id, JSON.stringify(event)]));
  await c.env.DB.batch([
    c.env.DB.prepare(
      "insert into events (id, event_id, payload) select value ->> 0, value ->> 1, value ->> 2 from json_each(?1)",
    ).bind(rows),
  ]);
  return c.json(events.length);
});
app.post("/lane/:tables/:id", async (c) => {
  const { tables, id } = c.req.param();
  return c.json({ id: await c.env.PLAIN.getByName(id).storeInLane(Number(tables)) });
});

export default app;

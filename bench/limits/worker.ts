import { DurableObject } from "cloudflare:workers";
import { Hono } from "hono";

// What no request of its kind can be faster than: a route that does nothing, a hop to an object that does nothing, and
// an object that stores three rows.

interface LimitBindings {
  readonly DB: D1Database;
  readonly PLAIN: DurableObjectNamespace<PlainObject>;
}

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
}

const app = new Hono<{ Bindings: LimitBindings }>();
app.get("/plain", (c) => c.json(100));
app.get("/hop/:id", async (c) => c.json(await c.env.PLAIN.getByName(c.req.param("id")).number()));
app.post("/store/:id", async (c) => c.json({ id: await c.env.PLAIN.getByName(c.req.param("id")).store() }));

export default app;

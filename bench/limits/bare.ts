import { Hono } from "hono";

// What a Worker with Hono and nothing else takes to start.

const app = new Hono();
app.get("/plain", (c) => c.json(100));

export default app;

import { createRoute, z } from "@hono/zod-openapi";
import type { Probe } from "../runtime/ports.ts";
import { withinDeadline } from "../runtime/within-deadline.ts";
import type { App } from "./app-env.ts";
import { failures, jsonAnswer, openOperation } from "./operation.ts";
import { deferred, deferredMembers } from "./schemas/deferred.ts";

const path = "/health";

/** A dependency that takes longer counts as down. */
const probeDeadlineMs = 3_000;

const healthOut = deferred(() =>
  z
    .object({
      status: z.enum(["ok", "degraded"]),
      checks: z.record(z.string(), z.enum(["ok", "failed"])).optional(),
    })
    .openapi("Health", { example: { status: "ok", checks: { d1: "ok", kv: "ok" } } }),
);

const route = createRoute({
  method: "get",
  path,
  ...openOperation("GET-health"),
  tags: ["Service"],
  summary: "Check whether the service is up",
  request: {
    query: z.object(
      deferredMembers({
        deep: () => z.enum(["0", "1"]).optional().openapi({ description: "1: also checks D1 and KV.", example: "1" }),
      }),
    ),
  },
  responses: {
    200: jsonAnswer("The service answers. With deep=1, D1 and KV answer too.", healthOut),
    ...failures(path, null, "validation_failed"),
    503: jsonAnswer("D1 or KV does not answer.", healthOut),
  },
});

export const getHealth = (app: App) =>
  app.openapi(route, async (c) => {
    if (c.req.valid("query").deep !== "1") return c.json({ status: "ok" as const }, 200);
    const { probes } = c.get("services");
    const results = await Promise.all(probes.map(async (probe) => [probe.name, await outcomeOf(probe)] as const));
    const healthy = results.every(([, outcome]) => outcome === "ok");
    const checks = Object.fromEntries(results);
    return healthy
      ? c.json({ status: "ok" as const, checks }, 200)
      : c.json({ status: "degraded" as const, checks }, 503);
  });

async function outcomeOf(probe: Probe): Promise<"ok" | "failed"> {
  try {
    await withinDeadline(probe.check(), probeDeadlineMs, () => new Error(`${probe.name} took too long.`));
    return "ok";
  } catch {
    return "failed";
  }
}

import { env } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { EmporixStandIn } from "../support/emporix-stand-in.ts";
import { type Flow, flows, Stage } from "../support/fault-flows.ts";
import { type Fault, faultKinds, hangingActs } from "../support/fault-points.ts";
import { FaultyService } from "../support/faulty-service.ts";
import { brokenLaws } from "../support/stored-laws.ts";
import { report, seed, sized } from "../support/verification.ts";

test("spike", { timeout: 600_000 }, async () => {
  const standIn = new EmporixStandIn();
  const elsewhere = {
    COUPON_SERVICE_URL: standIn.baseUrl,
    UPSTREAM_TOKEN_URL: standIn.tokenUrl,
    UPSTREAM_CLIENT_ID: standIn.clientId,
    UPSTREAM_CLIENT_SECRET: standIn.clientSecret,
  };
  const out: string[] = [];
  for (const coupons of ["embedded", "elsewhere"] as const) {
    const service = await FaultyService.start(coupons === "elsewhere" ? elsewhere : {}, standIn.fetch as never);
    for (const [i, flow] of flows.entries()) {
      if (flow.coupons !== coupons) continue;
      try {
        const stage = await Stage.open(service, standIn, `flow-${i}`, "C1");
        await stage.furnish();
        const scene = await flow.arrange(stage);
        await stage.cool();
        service.begin(null);
        const done = await scene.attempt();
        const names = service.points.end();
        out.push(`${JSON.stringify(flow.name)}: ${JSON.stringify(names, null, 2)} ${done}`);
        await scene.repeat?.();
        await scene.expectEffect();
        out.push(...(await brokenLaws(env.DB, stage.key)));
      } catch (error) {
        out.push(`${flow.name}: ${(error as Error).stack}`);
        service.points.end();
      }
    }
  }
  console.log(out.join("\n"));
});

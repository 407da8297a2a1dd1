import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { EmporixStandIn } from "../support/emporix-stand-in.ts";
import { type Flow, flows, Stage } from "../support/fault-flows.ts";
import { type Fault, faultKinds, hangingActs } from "../support/fault-points.ts";
import { FaultyService } from "../support/faulty-service.ts";
import { brokenLaws } from "../support/stored-laws.ts";
import { report, seed, sized } from "../support/verification.ts";

// Every call that leaves the service fails once, in every way; whoever wanted something asks again, and has it once.

const triesMax = 3;
const alarmsMax = 3;
const flowMsMax = 120_000;

/** Calls without a deadline of their own: whoever makes them waits until the client, or the runtime, has had enough. */
const withoutDeadline: ReadonlySet<string> = new Set(["rpc execute", "rpc giveBackExchange", "alarm get", "alarm set"]);

const standIn = new EmporixStandIn();
const variablesOf: Readonly<Record<Flow["coupons"], Readonly<Record<string, string>>>> = {
  embedded: {},
  elsewhere: {
    COUPON_SERVICE_URL: standIn.baseUrl,
    UPSTREAM_TOKEN_URL: standIn.tokenUrl,
    UPSTREAM_CLIENT_ID: standIn.clientId,
    UPSTREAM_CLIENT_SECRET: standIn.clientSecret,
  },
};

const tenantOf = (coupons: Flow["coupons"]): string => `faults-${coupons}`;

let service: FaultyService;
let customers = 0;
/** What was reached without a fault, by flow. */
const reached = new Map<string, readonly string[]>();
let faults = 0;

/** Runs the flow with a fault or without one, and expects what it comes to. @returns the points that it has reached */
async function run(flow: Flow, fault: Fault | null): Promise<readonly string[]> {
  customers += 1;
  standIn.always("coupon.create", null);
  const stage = await Stage.open(service, standIn, tenantOf(flow.coupons), `C${customers}`);
  service.clear();
  const scene = await flow.arrange(stage);
  await stage.cool();
  service.begin(fault);
  let tries = 0;
  let isOver = false;
  while (!isOver && tries < triesMax) {
    tries += 1;
    isOver = await scene.attempt();
  }
  const names = service.points.end();
  expect({ isOver, tries }).toEqual({ isOver: true, tries: fault === null ? 1 : tries });
  if (fault !== null) expect(service.points.struck).toBe(reached.get(flow.name)?.[fault.at - 1]);
  await scene.repeat?.();
  for (let alarms = 0; flow.coupons === "elsewhere" && (await service.runAlarm(stage.key)); alarms += 1) {
    expect(alarms).toBeLessThan(alarmsMax);
  }
  await scene.expectEffect();
  expect(await brokenLaws(env.DB, stage.key)).toEqual([]);
  return names;
}

/** All kinds at every point, or one kind at each, which the seed chooses. */
const faultsAt = (points: number): readonly Fault[] =>
  Array.from({ length: points }, (_, index) => {
    const kinds = sized(1, faultKinds.length);
    return Array.from({ length: kinds }, (_unused, turn): Fault => {
      const kind = faultKinds[(index + turn + seed) % faultKinds.length] ?? "throw-before";
      const hangingAct = hangingActs[(index + seed) % hangingActs.length] ?? "never";
      return { at: index + 1, kind, hangingAct };
    });
  }).flat();

describe.each(["embedded", "elsewhere"] as const)("with coupons issued by the service that is %s", (coupons) => {
  beforeAll(async () => {
    service = await FaultyService.start(variablesOf[coupons], (url, init) => standIn.fetch(url, init as never));
    await (await Stage.open(service, standIn, tenantOf(coupons), "first")).furnish();
  });

  const own = flows.filter((flow) => flow.coupons === coupons);

  test.each(own)("$name survives a fault at each of its points", { timeout: flowMsMax }, async (flow) => {
    const points = await run(flow, null);
    reached.set(flow.name, points);
    const broken: string[] = []; const g = globalThis as any; g.TURNS = 0; g.OPS = 0; const t0 = performance.now();
    for (const fault of faultsAt(points.length)) {
      try {
        await run(flow, fault);
      } catch (error) {
        service.points.end();
        const what = `${fault.kind}${fault.kind === "hang" ? ` (${fault.hangingAct})` : ""}`;
        broken.push(`${what} at ${fault.at}, ${points[fault.at - 1]}: ${error instanceof Error ? error.message : ""}`);
      }
      faults += 1;
    }
    console.log(JSON.stringify({ PROF: flow.name, cases: points.length, turns: g.TURNS / points.length, ops: g.OPS / points.length, ms: (performance.now() - t0) / points.length }));
    expect(broken).toEqual([]);
  });

  test("waits without a deadline for nothing but what is known", () => {
    expect([...service.unendedPoints].filter((point) => !withoutDeadline.has(point))).toEqual([]);
  });
});

describe("the numbering", () => {
  test("knows each point: a new call to the outside has to be looked at, and its row be added", async () => {
    const text = [...reached].map(([flow, points]) =>
      [`${flow}:`, ...points.map((point, index) => `  ${index + 1}. ${point}`), ""].join("\n"),
    );
    await expect(text.join("\n")).toMatchFileSnapshot("./fault-points.txt");
  });

  test("is told", () => {
    const points = [...reached.values()].flat().length;
    report(
      "faults",
      faults,
      `faults at ${points} points of ${reached.size} flows, each settled in ${triesMax} tries at most`,
    );
  });
});

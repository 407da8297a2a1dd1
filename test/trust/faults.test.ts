import { env } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { retryAfterSeconds } from "../../src/platform/requests/failure.ts";
import { EmporixStandIn } from "../support/emporix-stand-in.ts";
import { type Flow, flows, Stage } from "../support/faults/fault-flows.ts";
import { type Fault, faultKinds, hangingActOf } from "../support/faults/fault-points.ts";
import { FaultyService } from "../support/faults/faulty-service.ts";
import { brokenLaws } from "../support/ledger/stored-laws.ts";
import { report, seed, sized } from "../support/verification.ts";
import { unboundedCacheCalls, unboundedDatabaseCalls, waysOutOf } from "../support/ways-out.ts";

// Every call that leaves the service fails once, in every way; whoever wanted something asks again, and has it once.

const triesMax = 3;
const alarmsMax = 3;
const flowMsMax = 300_000;

const standIn = new EmporixStandIn();
const variablesOf: Readonly<Record<Flow["coupons"], Readonly<Record<string, string>>>> = {
  embedded: {},
  upstream: standIn.couponVariables,
};

const tenantOf = (coupons: Flow["coupons"]): string => `faults-${coupons}`;

let service: FaultyService;
let customers = 0;
/** What was reached without a fault, by flow. */
const reached = new Map<string, readonly string[]>();
/** Faults after which all was as it must be. */
let settled = 0;
let planned = 0;

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
    // Whoever is refused is asked to wait, and the queue waits longer still.
    if (!isOver) vi.setSystemTime(Date.now() + retryAfterSeconds * 1_000);
  }
  const names = service.points.end();
  expect(isOver).toBe(true);
  if (fault === null) expect(tries).toBe(1);
  else expect(service.points.struck).toBe(reached.get(flow.name)?.[fault.at - 1]);
  await scene.repeat?.();
  for (let alarms = 0; flow.coupons === "upstream" && (await service.runAlarm(stage.key)); alarms += 1) {
    expect(alarms).toBeLessThan(alarmsMax);
  }
  await scene.expectEffect();
  expect(await brokenLaws(env.DB, stage.key)).toEqual([]);
  await stage.expectSoundBooks();
  return names;
}

const nameOf = (fault: Fault, points: readonly string[]): string => {
  const act = fault.kind === "hang" ? ` (${hangingActOf(fault)})` : "";
  return `${fault.kind}${act} at point ${fault.at}, ${points[fault.at - 1]}`;
};

/** In small size, one point in so many has a fault; in which ones and of which kind the seed chooses. */
const stride = sized(3, 1);

/** All kinds at every point, or one kind at some. */
const faultsAt = (points: number): readonly Fault[] =>
  Array.from({ length: points }, (_, index) => {
    if ((index + seed) % stride !== 0) return [];
    const kinds = sized(1, faultKinds.length);
    return Array.from({ length: kinds }, (_unused, turn): Fault => {
      const variant = Math.floor((index + seed) / stride) + turn;
      return { at: index + 1, kind: faultKinds[variant % faultKinds.length] ?? "hang", variant };
    });
  }).flat();

describe.each(["embedded", "upstream"] as const)("with coupons issued by the service that is %s", (coupons) => {
  beforeAll(async () => {
    // Thousands of requests are logged, and it is not the log that is looked at.
    const ignore = () => {};
    vi.stubGlobal("console", { ...console, log: ignore, warn: ignore, error: ignore });
    service = await FaultyService.start(variablesOf[coupons], (url, init) => standIn.fetch(url, init as never));
    await (await Stage.open(service, standIn, tenantOf(coupons), "first")).furnish();
  });

  afterAll(() => {
    vi.unstubAllGlobals();
  });

  const own = flows.filter((flow) => flow.coupons === coupons).map((flow) => [flow.name, flow] as const);

  test.each(own)("%s survives a fault at each of its points", { timeout: flowMsMax }, async (_name, flow) => {
    const points = await run(flow, null);
    reached.set(flow.name, points);
    const broken: string[] = [];
    const faults = faultsAt(points.length);
    planned += faults.length;
    for (const fault of faults) {
      try {
        await run(flow, fault);
        settled += 1;
      } catch (error) {
        service.points.end();
        broken.push(`${nameOf(fault, points)}, seed ${seed}: ${error instanceof Error ? error.message : "?"}`);
      }
    }
    expect(broken).toEqual([]);
  });

  test("waits for nothing without a deadline", () => {
    expect([...service.unendedPoints]).toEqual([]);
  });
});

describe("the numbering", () => {
  test("knows each point: a new call to the outside has to be looked at, and its line be added", async () => {
    const numbered = [...reached].map(([flow, points]) => [
      `${flow}:`,
      ...points.map((point, index) => `  ${index + 1}. ${point}`),
      "",
    ]);
    const text = [...numbered.flat(), "places in the source that reach outside:", ...waysOutOf(), ""].join("\n");
    // Once what is new has been looked at: vitest run test/trust/faults.test.ts -u
    await expect(text).toMatchFileSnapshot("./fault-points.txt");
  });

  test("leaves no call to D1 or KV without a deadline", () => {
    expect(unboundedDatabaseCalls()).toEqual([]);
    expect(unboundedCacheCalls()).toEqual([]);
  });

  test("is told", () => {
    const points = [...reached.values()].flat().length;
    const words = `faults at ${points} points of ${reached.size} flows, each settled in ${triesMax} tries at most`;
    report("faults", settled, words);
    expect(settled).toBe(planned);
    expect(planned).toBeGreaterThanOrEqual(points * sized(0.25, faultKinds.length));
  });
});

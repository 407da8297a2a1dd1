import { parseArgs } from "node:util";
import { z } from "zod";
import { runScript, UsageError } from "../scripts/usage-error.ts";
import { buildWorker } from "../scripts/verify/runtime.ts";
import { rawRequest, runLoad } from "./load.ts";
import { measureOrderEvents, orderEvents } from "./order-events.ts";
import { type Ours, startOurs } from "./ours.ts";

// Shows where a request's time goes inside the runtime: V8's own profile, by function.
//
//   npm run profile -- balance                      the Worker and its objects
//   npm run profile -- redeem --in d1:db            Miniflare's D1
//   npm run profile -- replay --customers 1
//   npm run profile -- events                       order events through the queue's consumer, µs an event
//
// A profiled runtime is slower than the numbers of `npm run bench`: what counts here are the shares.

const seconds = 5;
const warmUpSeconds = 2;
const clients = 32;
const samplingMicroseconds = 200;
const linesShown = 40;
const pointsEach = 1_000_000;

const targetsShape = z.array(z.object({ title: z.string(), webSocketDebuggerUrl: z.string() }));
const profileShape = z.object({
  profile: z.object({
    nodes: z.array(
      z.object({
        id: z.number(),
        callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
        children: z.array(z.number()).optional(),
      }),
    ),
    samples: z.array(z.number()),
    timeDeltas: z.array(z.number()),
  }),
});

type Profile = z.infer<typeof profileShape>["profile"];

/** Records a profile of the isolate until it is told to stop. */
async function record(inspectorUrl: string): Promise<() => Promise<Profile>> {
  const socket = new WebSocket(inspectorUrl);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("The inspector does not answer."));
  });
  let calls = 0;
  const waiting = new Map<number, (result: unknown) => void>();
  socket.onmessage = ({ data }) => {
    const { id, result } = z.looseObject({ id: z.number().optional() }).parse(JSON.parse(String(data)));
    if (id !== undefined) waiting.get(id)?.(result);
  };
  const send = (method: string, params: object = {}): Promise<unknown> =>
    new Promise((resolve) => {
      calls += 1;
      waiting.set(calls, resolve);
      socket.send(JSON.stringify({ id: calls, method, params }));
    });
  await send("Profiler.enable");
  await send("Profiler.setSamplingInterval", { interval: samplingMicroseconds });
  await send("Profiler.start");
  return async () => {
    const { profile } = profileShape.parse(await send("Profiler.stop"));
    socket.close();
    return profile;
  };
}

/** Microseconds by function: spent in it, and spent in it and whatever it calls. */
function timesOf({ nodes, samples, timeDeltas }: Profile) {
  const nameOf = new Map<number, string>();
  const callerOf = new Map<number, number>();
  for (const { id, callFrame, children = [] } of nodes) {
    const place = `${callFrame.url.split("/").at(-1)}:${callFrame.lineNumber + 1}`;
    nameOf.set(id, `${callFrame.functionName || "(anonymous)"} ${place}`);
    for (const child of children) callerOf.set(child, id);
  }
  const self = new Map<string, number>();
  const total = new Map<string, number>();
  const add = (times: Map<string, number>, name: string, duration: number) =>
    times.set(name, (times.get(name) ?? 0) + duration);
  samples.forEach((sample, index) => {
    const duration = timeDeltas[index] ?? 0;
    add(self, nameOf.get(sample) ?? "", duration);
    const stack = new Set<string>();
    for (let id: number | undefined = sample; id !== undefined; id = callerOf.get(id)) stack.add(nameOf.get(id) ?? "");
    for (const name of stack) add(total, name, duration);
  });
  return { self, total };
}

function requestsOf(ours: Ours, what: string, customers: Awaited<ReturnType<Ours["openCustomers"]>>) {
  const [first] = customers;
  if (first === undefined) throw new UsageError("There must be a customer.");
  const replayed = first.redeem();
  let sent = 0;
  const next = () => {
    sent += 1;
    return customers[sent % customers.length] ?? first;
  };
  switch (what) {
    case "balance":
      return () => next().balance ?? replayed;
    case "redeem":
      return () => next().redeem();
    case "replay":
      return () => replayed;
    case "history": {
      const request = rawRequest({
        method: "GET",
        path: `/reward-points/customer/${first.id}/summary`,
        token: ours.shop.employee,
      });
      return () => request;
    }
    default:
      throw new UsageError(`'${what}' is none of balance, redeem, replay, history and events.`);
  }
}

/** What is profiled, first until the runtime has compiled it, and then while it is recorded. */
interface Load {
  warmUp(): Promise<unknown>;
  /** @returns how many requests or events it has been */
  run(recorded: <Value>(work: () => Promise<Value>) => Promise<Value>): Promise<number>;
}

async function loadOf(ours: Ours, what: string, customerCount: number): Promise<Load> {
  if (what === "events") {
    const { runtime } = ours;
    return {
      warmUp: () => measureOrderEvents(runtime, "warm-up", orderEvents),
      run: async (recorded) => {
        await measureOrderEvents(runtime, "events", orderEvents, recorded);
        return orderEvents.events;
      },
    };
  }
  const customers = await ours.openCustomers(customerCount, pointsEach);
  const next = requestsOf(ours, what, customers);
  const load = { port: ours.port, clients, next };
  return {
    warmUp: () => runLoad({ ...load, seconds: warmUpSeconds }),
    run: async (recorded) => (await recorded(() => runLoad({ ...load, seconds }))).answers,
  };
}

await runScript(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      in: { type: "string", default: "core:user:reward-points" },
      customers: { type: "string", default: "20" },
    },
  });
  const ours = await startOurs(await buildWorker("--minify=false"), { isInspected: true, delivers: true });
  try {
    const load = await loadOf(ours, positionals[0] ?? "balance", Number(values.customers));
    await load.warmUp();
    const { host } = await ours.runtime.inspector();
    const targets = targetsShape.parse(await (await fetch(`http://${host}/json`)).json());
    const target = targets.find(({ title }) => title.endsWith(values.in));
    if (target === undefined) throw new UsageError(`Isolates: ${targets.map(({ title }) => title).join(", ")}`);
    let profile: Profile | null = null;
    const count = await load.run(async (work) => {
      const stop = await record(target.webSocketDebuggerUrl);
      const value = await work();
      profile = await stop();
      return value;
    });
    if (profile === null) throw new Error("Nothing was recorded.");
    const { self, total } = timesOf(profile);
    console.log(`${target.title}: ${count} requests or events, µs each`);
    for (const [title, times] of [
      ["in the function itself", self] as const,
      ["with all that it calls", total] as const,
    ]) {
      console.log(`\n${title}`);
      for (const [name, duration] of [...times].sort(([, a], [, b]) => b - a).slice(0, linesShown)) {
        console.log(`${(duration / count).toFixed(1).padStart(9)}  ${name}`);
      }
    }
  } finally {
    await ours.stop();
  }
});

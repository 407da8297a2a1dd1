import { env } from "cloudflare:workers";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { sha256Hex } from "../../src/platform/runtime/sha256.ts";
import { type ApiDocument, type Operation, readDocument } from "../support/fuzz/fuzz-document.ts";
import { client, steps } from "../support/fuzz/fuzz-requests.ts";
import { newTally, World } from "../support/fuzz/fuzz-world.ts";
import { takeBreath } from "../support/take-breath.ts";
import { report, seed, sized } from "../support/verification.ts";

const requestsMin = sized(3_000, 100_000);
const sequenceLengthMax = 200;
/** Often enough for every deadline, and not as often as would cost a third of the time. */
const requestsABreath = 8;
/** Sequences that run at once, each in a tenant of its own. */
const lanes = 3;
/** Sequences of one seed; a lane goes on with its next seed until there have been enough requests. */
const sequencesEach = 5;
/** Sequences that are tried to make a failing one shorter. */
const shrinksMax = 300;

/** Whether an operation was asked; in a full run, whether it also did what it was asked for. */
function isCovered({ method, path }: Operation, seen: ReadonlyMap<string, number>): boolean {
  const statuses = [...seen.keys()].filter((name) => name.startsWith(`${method} ${path} `));
  return statuses.some((name) => sized(1, 0) === 1 || Number(name.split(" ").at(-1)) < 300);
}

let document: ApiDocument;

beforeAll(async () => {
  document = await readDocument();
  const insert = "insert into api_clients (client_id, tenant, secret_hash, scopes, created_at) values (?, ?, ?, ?, 0)";
  const hash = sha256Hex(client.client_secret);
  await env.DB.prepare(insert).bind(client.client_id, "fuzz", hash, "rewardspoints.rewardpoints_view").run();
});

const { log, warn } = console;

beforeEach(() => {
  // A line a request: so many would cost more than the requests, and a spy would keep them all.
  Object.assign(console, { log: () => undefined, warn: () => undefined });
});

afterEach(() => {
  Object.assign(console, { log, warn });
  vi.restoreAllMocks();
});

test("requests made of the document, half of them broken, are answered as it says", {
  timeout: 2_400_000,
}, async () => {
  const tally = newTally();
  const sequences = fc.array(steps(document), { minLength: 1, maxLength: sequenceLengthMax, size: "max" });
  let failures = 0;
  const property = fc.asyncProperty(sequences, async (sequence) => {
    if (failures > shrinksMax) return;
    const world = await World.open(document);
    try {
      for (const step of sequence) {
        await world.take(step, tally);
        if (tally.requests % requestsABreath === 0) await takeBreath();
      }
      await world.close();
    } catch (error) {
      failures += 1;
      throw error;
    }
  });
  const errors = vi.spyOn(console, "error");
  const run = async (lane: number) => {
    for (let round = 0; tally.requests < requestsMin && failures === 0; round += 1) {
      await fc.assert(property, { seed: seed + round * lanes + lane, numRuns: sequencesEach });
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)));
  expect(errors.mock.calls).toEqual([]);
  expect(document.operations.filter((operation) => !isCovered(operation, tally.seen)).map(({ id }) => id)).toEqual([]);
  Object.assign(console, { log, warn });
  report("fuzz", tally.requests, `requests, ${tally.broken} of them broken, all answered as documented`);
});

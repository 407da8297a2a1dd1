import { env } from "cloudflare:workers";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { sha256Hex } from "../../src/application/sha256.ts";
import { type ApiDocument, readDocument } from "../support/fuzz-document.ts";
import { client, steps } from "../support/fuzz-requests.ts";
import { newTally, World } from "../support/fuzz-world.ts";
import { report, seed, sized } from "../support/verification.ts";

const requestsMin = sized(5_000, 100_000);
const sequenceLengthMax = 60;
/** Sequences of one seed; then the next seed begins, until there have been enough requests. */
const sequencesEach = sized(50, 500);
/** Sequences that are tried to make a failing one shorter. */
const shrinksMax = 60;

let document: ApiDocument;

beforeAll(async () => {
  document = await readDocument();
  const insert = "insert into api_clients (client_id, tenant, secret_hash, scopes, created_at) values (?, ?, ?, ?, 0)";
  const hash = await sha256Hex(client.client_secret);
  await env.DB.prepare(insert).bind(client.client_id, "fuzz", hash, "rewardspoints.rewardpoints_view").run();
  // A line a request: as many would only be carried to and fro.
  vi.spyOn(console, "log").mockImplementation(() => undefined);
});

afterAll(() => {
  vi.restoreAllMocks();
});

test("requests made of the document, half of them broken, are answered as it says", {
  timeout: 1_200_000,
}, async () => {
  const tally = newTally();
  const sequences = fc.array(steps(document), { minLength: 1, maxLength: sequenceLengthMax, size: "max" });
  let failures = 0;
  const property = fc.asyncProperty(sequences, async (sequence) => {
    if (failures > shrinksMax) return;
    const world = await World.open(document);
    try {
      for (const step of sequence) await world.take(step, tally);
      await world.close();
    } catch (error) {
      console.warn(
        failures,
        sequence.length,
        tally.requests,
        Date.now() - startedAt,
        failures % 40 === 0 ? String(error) : "",
      );
      failures += 1;
      throw error;
    }
  });
  const startedAt = Date.now();
  for (let round = 0; tally.requests < requestsMin; round += 1) {
    await fc.assert(property, { seed: seed + round, numRuns: sequencesEach });
  }
  vi.restoreAllMocks();
  console.log(
    [...tally.seen]
      .sort()
      .map(([k, n]) => `${k}: ${n}`)
      .join("\n"),
    Date.now() - startedAt,
    tally.requests,
  );
  report("fuzz", tally.requests, `requests, ${tally.broken} of them broken, all answered as documented`);
  expect(tally.requests).toBeGreaterThanOrEqual(requestsMin);
});

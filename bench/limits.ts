import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuiltWorker, startWorker } from "./built-worker.ts";

const source = fileURLToPath(new URL("limits/worker.ts", import.meta.url));
const schema = ["a", "b", "c", "d", "e", "f", "g"]
  .map(
    (table) => `create table ${table} (owner text not null, id text not null, value integer not null,
      primary key (owner, id)) strict, without rowid;`,
  )
  .concat(
    "create table events (id text primary key, event_id text not null, payload text not null) strict, without rowid;",
  )
  .join("\n");

/** Starts the Worker of the limits: `GET /plain`, `GET /hop/{id}`, `POST /store/{id}`, `POST /lane/{tables}/{id}`,
 * `POST /events`. */
export const startLimits = (): Promise<BuiltWorker> =>
  startWorker({ source, schema, durableObjects: { PLAIN: "PlainObject", LANE: "PlainLane" } });

/** How often a second the machine brings a written block to the disk: no commit that lasts can be faster. */
export function synchronizationsPerSecond(seconds: number): number {
  const folder = mkdtempSync(join(tmpdir(), "reward-points-sync-"));
  const file = openSync(join(folder, "block"), "w");
  const block = Buffer.alloc(4_096);
  try {
    const endAt = performance.now() + seconds * 1_000;
    let count = 0;
    while (performance.now() < endAt) {
      writeSync(file, block, 0, block.length, 0);
      fdatasyncSync(file);
      count += 1;
    }
    return count / seconds;
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true, force: true });
  }
}

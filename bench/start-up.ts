import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { z } from "zod";
import { runWrangler } from "../scripts/wrangler.ts";

const profileShape = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string() }),
      children: z.array(z.number()).optional(),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

/** The size of the Worker as it is uploaded, compressed, in KiB. */
export const bundleKibibytes = (workerFolder: string): number =>
  gzipSync(readFileSync(join(workerFolder, "worker.js"))).length / 1_024;

/**
 * Milliseconds that the Worker's own code takes until the first request could be taken, by the profile of
 * `wrangler check startup`: everything below the module itself, without the runtime's own start.
 */
export async function startUpMilliseconds(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "reward-points-start-"));
  try {
    const file = join(folder, "startup.cpuprofile");
    await runWrangler(["check", "startup", "--outfile", file], new AbortController().signal);
    const { nodes, samples, timeDeltas } = profileShape.parse(JSON.parse(readFileSync(file, "utf8")));
    const own = new Set<number>();
    const byId = new Map(nodes.map((node) => [node.id, node]));
    const take = (id: number): void => {
      own.add(id);
      for (const child of byId.get(id)?.children ?? []) take(child);
    };
    for (const { id, callFrame } of nodes) if (callFrame.url.endsWith("worker.js")) take(id);
    return samples.reduce((sum, id, index) => sum + (own.has(id) ? (timeDeltas[index] ?? 0) : 0), 0) / 1_000;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { unstable_readConfig } from "wrangler";
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

const projectConfig = fileURLToPath(new URL("../wrangler.toml", import.meta.url));
const bareWorker = fileURLToPath(new URL("limits/bare.ts", import.meta.url));

/**
 * Milliseconds that a Worker's own code takes until the first request could be taken, by the profile of
 * `wrangler check startup`: everything below the module itself, without the runtime's own start.
 * @param worker the service, or a Worker with Hono and nothing else
 */
export async function startUpMilliseconds(worker: "ours" | "bare"): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "reward-points-start-"));
  try {
    const file = join(folder, "startup.cpuprofile");
    const config = worker === "ours" ? projectConfig : bareConfig(folder);
    const words = ["check", "startup", "--config", config, "--outfile", file];
    await runWrangler(words, new AbortController().signal);
    const { nodes, samples, timeDeltas } = profileShape.parse(JSON.parse(readFileSync(file, "utf8")));
    const own = new Set<number>();
    const byId = new Map(nodes.map((node) => [node.id, node]));
    const take = (id: number): void => {
      own.add(id);
      for (const child of byId.get(id)?.children ?? []) take(child);
    };
    for (const { id, callFrame } of nodes) if (/(?:worker|bare)\.js$/.test(callFrame.url)) take(id);
    return samples.reduce((sum, id, index) => sum + (own.has(id) ? (timeDeltas[index] ?? 0) : 0), 0) / 1_000;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A configuration like the project's, of the bare Worker. */
function bareConfig(folder: string): string {
  const { compatibility_date: date } = unstable_readConfig({ config: projectConfig }, { hideWarnings: true });
  const file = join(folder, "wrangler.toml");
  const lines = [
    `name = "bare"`,
    `main = ${JSON.stringify(bareWorker)}`,
    `compatibility_date = "${date}"`,
    "minify = true",
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { TenantId } from "../src/domain/identifiers.ts";
import { manyLedgers } from "../test/support/many-ledgers.ts";
import { buildDocsPage } from "./build-docs-page.ts";
import { DevServer, requireFreePort } from "./dev-server.ts";
import { localIssuer } from "./local-issuer.ts";
import { portOf } from "./service-address.ts";
import { runScript } from "./usage-error.ts";
import { runWrangler } from "./wrangler.ts";

// Shows that exporting all histories takes the same memory however many customers there are: reads summaryBatch of
// a tenth of the customers and of all of them, each from a fresh service, and compares the peaks.

const tenant = "export";
const entriesEach = 10;
/** Peaks may differ by this factor: garbage is not collected at the same moments. */
const tolerance = 1.5;

interface Measured {
  readonly customers: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly peakMegabytes: number;
}

async function measure(customers: number, port: number, folder: string, signal: AbortSignal): Promise<Measured> {
  const place = ["--local", "--persist-to", folder];
  await runWrangler(["d1", "migrations", "apply", "reward-points", ...place], signal);
  const file = join(folder, "fill.sql");
  writeFileSync(file, manyLedgers({ tenant, customers, entriesEach }).flat().join(";\n"));
  await runWrangler(["d1", "execute", "reward-points", ...place, "--file", file], signal);
  const server = new DevServer(port, false, ["--persist-to", folder]);
  try {
    await server.ready();
    return await read(server, customers);
  } finally {
    await server.stop();
  }
}

async function read(server: DevServer, customers: number): Promise<Measured> {
  const issuer = await localIssuer(3600);
  const token = await issuer.employeeToken(tenant as TenantId, ["rewardspoints.rewardpoints_view"]);
  let peakMegabytes = residentMegabytes(server.processGroup);
  const sampler = setInterval(() => {
    peakMegabytes = Math.max(peakMegabytes, residentMegabytes(server.processGroup));
  }, 50);
  const startedAt = performance.now();
  const response = await fetch(`${server.baseUrl}/reward-points/summaryBatch`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  if (response.status !== 200 || response.body === null) throw new Error(`summaryBatch answered ${response.status}.`);
  let bytes = 0;
  let found = 0;
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    const text = rest + decoder.decode(chunk, { stream: true });
    const parts = text.split('"customerId"');
    found += parts.length - 1;
    rest = (parts.at(-1) ?? "").slice(-12);
  }
  clearInterval(sampler);
  if (found !== customers || !rest.endsWith("]")) throw new Error(`${found} of ${customers} customers came.`);
  return { customers, bytes, seconds: (performance.now() - startedAt) / 1000, peakMegabytes };
}

/** Memory of the runtime's processes in a process group, from Linux's /proc. */
function residentMegabytes(group: number): number {
  let kilobytes = 0;
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${id}/stat`, "utf8");
      const [, name = "", fields = ""] = /^\d+ \((.*)\) (.*)$/s.exec(stat) ?? [];
      if (name !== "workerd" || Number(fields.split(" ")[2]) !== group) continue;
      kilobytes += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0);
    } catch {
      // The process ended meanwhile.
    }
  }
  return Math.round(kilobytes / 1024);
}

await runScript(async () => {
  const { values } = parseArgs({ options: { customers: { type: "string", default: "100000" } } });
  const customers = Number(values.customers);
  const port = portOf(process.env);
  await requireFreePort(port);
  buildDocsPage();
  const results: Measured[] = [];
  for (const count of [Math.ceil(customers / 10), customers]) {
    const folder = mkdtempSync(join(tmpdir(), "reward-points-export-"));
    try {
      const result = await measure(count, port, folder, new AbortController().signal);
      const rate = result.bytes / 1e6 / result.seconds;
      console.log(
        `${result.customers} customers × ${entriesEach} entries: ${(result.bytes / 1e6).toFixed(1)} MB in ` +
          `${result.seconds.toFixed(1)} s (${rate.toFixed(1)} MB/s), runtime's memory at most ${result.peakMegabytes} MB`,
      );
      results.push(result);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const [few, all] = results.map((result) => result.peakMegabytes);
  const ratio = (all ?? 0) / (few ?? 1);
  console.log(`Ten times the customers take ${ratio.toFixed(2)} times the memory.`);
  if (ratio > tolerance) throw new Error(`Memory grows with the number of customers.`);
});

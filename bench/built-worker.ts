import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare, NoOpLog } from "miniflare";
import { unstable_readConfig, unstable_splitSqlQuery } from "wrangler";
import { claimRuntimeProcess, releaseRuntimeProcess } from "../scripts/verify/processes.ts";

const wranglerFile = fileURLToPath(new URL("../wrangler.toml", import.meta.url));

/** A Worker of the benchmark's own, which runs as the service does: built and minified, behind a direct socket. */
export interface BuiltWorker {
  readonly port: number;
  readonly database: D1Handle;
  /** The id of the runtime's process. */
  readonly processId: number;
  stop(): Promise<void>;
}

/** The database of a Worker, from outside. */
export type D1Handle = Awaited<ReturnType<Miniflare["getD1Database"]>>;

/**
 * Builds and starts the Worker in `source`, with a D1 database `DB` that keeps its data in a temporary folder.
 * @param schema statements that the database begins with
 * @throws {Error} when it cannot be built or does not start
 */
export async function startWorker(options: {
  readonly source: string;
  readonly schema: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** Binding names and the classes of their objects. */
  readonly durableObjects?: Readonly<Record<string, string>>;
}): Promise<BuiltWorker> {
  const folder = mkdtempSync(join(tmpdir(), "reward-points-bench-"));
  const script = join(folder, "worker.js");
  await build({
    entryPoints: [options.source],
    outfile: script,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "error",
  });
  const config = unstable_readConfig({ config: wranglerFile }, { hideWarnings: true });
  // With the same kind of storage as the service's own objects.
  const objects = Object.entries(options.durableObjects ?? {}).map(
    ([binding, className]) => [binding, { className, useSQLite: true }] as const,
  );
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      log: new NoOpLog(),
      logRequests: false,
      resourcePersistencePath: folder,
      workers: [
        {
          name: "bench",
          modules: true,
          modulesRoot: folder,
          scriptPath: script,
          compatibilityDate: config.compatibility_date ?? "",
          compatibilityFlags: config.compatibility_flags,
          d1Databases: { DB: "bench" },
          durableObjects: Object.fromEntries(objects),
          bindings: { ...options.variables },
          unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
        },
      ],
    }),
  );
  const stop = async () => {
    await miniflare.dispose();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const database = await miniflare.getD1Database("DB");
    const statements = unstable_splitSqlQuery(options.schema);
    if (statements.length > 0) await database.batch(statements.map((text) => database.prepare(text)));
    const processId = claimRuntimeProcess();
    const port = Number((await miniflare.unsafeGetDirectURL()).port);
    return {
      port,
      database,
      processId,
      stop: async () => {
        await stop();
        releaseRuntimeProcess(processId);
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

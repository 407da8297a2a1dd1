import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Deployment } from "../tenants/bound-databases.ts";
import { mapVariable } from "../tenants/map-of-tenants.ts";
import type { MoveEnd } from "../tenants/tenant-move.ts";
import type * as wranglerModule from "../wrangler.ts";
import type { Runtime as RuntimeHere } from "./runtime.ts";

const projectFolder = fileURLToPath(new URL("../..", import.meta.url));
const copied = ["scripts", "src", "drizzle", "wrangler.toml", "package.json", "tsconfig.json"];

/** The second database of a copy. */
export const secondBinding = "DB_2";
/** The names under which wrangler knows a copy's databases. */
export const databaseNames: readonly string[] = ["reward-points", "reward-points-2"];
const secondDatabase = `
[[d1_databases]]
binding = "${secondBinding}"
database_name = "reward-points-2"
database_id = "00000000-0000-0000-0000-000000000002"
migrations_dir = "drizzle"
`;

/** How a command has ended. */
export interface CommandOutcome {
  readonly exitCode: number;
  readonly output: string;
}

/** The project in a folder of its own, with databases of its own: as somebody else has it who has just cloned it. */
export class ProjectCopy {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @param map which database holds which tenant, as a variable's value */
  static make(map: string): ProjectCopy {
    const folder = mkdtempSync(join(tmpdir(), "reward-points-copy-"));
    for (const name of copied) cpSync(join(projectFolder, name), join(folder, name), { recursive: true });
    symlinkSync(join(projectFolder, "node_modules"), join(folder, "node_modules"));
    appendFileSync(join(folder, "wrangler.toml"), secondDatabase);
    const copy = new ProjectCopy(folder);
    copy.setMap(map);
    return copy;
  }

  setMap(map: string): void {
    writeFileSync(join(this.folder, ".dev.vars"), `${mapVariable}='${map}'\n`);
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  remove(path: string): void {
    rmSync(join(this.folder, path), { recursive: true, force: true });
  }

  /** Runs one of the project's scripts to its end. */
  async run(script: string, ...words: readonly string[]): Promise<CommandOutcome> {
    try {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [join("scripts", script), ...words], {
        cwd: this.folder,
        maxBuffer: 1 << 24,
      });
      return { exitCode: 0, output: `${stdout}${stderr}` };
    } catch (error) {
      const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
      return { exitCode: typeof code === "number" ? code : 1, output: `${stdout ?? ""}${stderr ?? ""}` };
    }
  }

  /** @throws {Error} with everything that it printed, when it fails */
  async mustRun(script: string, ...words: readonly string[]): Promise<string> {
    const { exitCode, output } = await this.run(script, ...words);
    if (exitCode !== 0) throw new Error(`${script} ${words.join(" ")} ended with ${exitCode}:\n${output}`);
    return output;
  }

  /** @throws {Error} with everything that it printed, when it fails */
  async mustRunWrangler(...words: readonly string[]): Promise<void> {
    const { runWrangler } = (await import(join(this.folder, "scripts/wrangler.ts"))) as typeof wranglerModule;
    await runWrangler(words, new AbortController().signal);
  }

  /**
   * Starts a script and ends it, and all that it has started, by SIGKILL.
   * @param milliseconds after the first thing that it prints
   * @returns whether it was still running then
   */
  async killAfter(milliseconds: number, script: string, ...words: readonly string[]): Promise<boolean> {
    const child = spawn(process.execPath, [join("scripts", script), ...words], {
      cwd: this.folder,
      detached: true,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const ended = once(child, "exit");
    await Promise.race([ended, once(child.stdout, "data")]);
    await Promise.race([ended, pause(milliseconds)]);
    const isRunning = child.exitCode === null && child.signalCode === null;
    if (isRunning && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    await ended;
    return isRunning;
  }

  /** Starts the built Worker on the copy's databases. */
  async start(workerFolder: string, map: string): Promise<RuntimeHere> {
    const { Runtime } = (await import(join(this.folder, "scripts/verify/runtime.ts"))) as {
      readonly Runtime: typeof RuntimeHere;
    };
    const dataFolder = join(this.folder, ".wrangler", "state", "v3");
    return Runtime.start(workerFolder, { dataFolder, variables: { [mapVariable]: map } });
  }

  /** Opens the copy's databases past the service. */
  async withDatabases<Value>(use: (ends: ReadonlyMap<string, MoveEnd>) => Promise<Value>): Promise<Value> {
    const module = (await import(join(this.folder, "scripts/tenants/bound-databases.ts"))) as {
      readonly readDeployment: () => Deployment;
      readonly withDatabases: typeof import("../tenants/bound-databases.ts").withDatabases;
    };
    return module.withDatabases(module.readDeployment(), false, use);
  }

  delete(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

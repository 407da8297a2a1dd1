import { type ChildProcess, execFile, type SpawnOptions, spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";

const projectFolder = fileURLToPath(new URL("..", import.meta.url));
const programs = join(projectFolder, "node_modules", ".bin");
const wrangler = join(programs, "wrangler");

/**
 * wrangler without what needs the internet (update checks, statistics, a sample of `Request.cf`) and without files
 * outside of the project. X_ variables: it would keep a trace of every request on disk.
 */
const environment = {
  ...process.env,
  // The project's own Node.js comes first, however this script was started.
  PATH: `${programs}${delimiter}${process.env["PATH"] ?? ""}`,
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_WRITE_LOGS: "false",
  WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  X_LOCAL_EXPLORER: "false",
  X_LOCAL_OBSERVABILITY: "false",
};

/**
 * Runs wrangler to its end.
 * @returns what it printed
 * @throws {Error} with everything it printed, when it fails
 */
export async function runWrangler(words: readonly string[], signal: AbortSignal): Promise<string> {
  try {
    const running = promisify(execFile)(wrangler, words, {
      cwd: projectFolder,
      env: environment,
      signal,
      // A file of statements is answered with a result for each.
      maxBuffer: Number.POSITIVE_INFINITY,
    });
    // It must not wait for answers to its questions.
    running.child.stdin?.end();
    return (await running).stdout;
  } catch (error) {
    signal.throwIfAborted();
    const printed = z.object({ stdout: z.string(), stderr: z.string() }).safeParse(error).data;
    const output = printed === undefined ? String(error) : `${printed.stdout}\n${printed.stderr}`.trim();
    throw new Error(`wrangler ${words.join(" ")} failed:\n${output}`);
  }
}

/** Starts wrangler and leaves it running. */
export const spawnWrangler = (words: readonly string[], options: SpawnOptions): ChildProcess =>
  spawn(wrangler, words, { cwd: projectFolder, env: environment, ...options });

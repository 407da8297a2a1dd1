import { type ChildProcess, execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { callApi, NothingAnswers } from "./api.ts";
import { localBaseUrl } from "./service-address.ts";
import { UsageError } from "./usage-error.ts";
import { spawnWrangler } from "./wrangler.ts";

const readyDeadlineMs = 60_000;
const readyPollMs = 200;
const stopDeadlineMs = 5_000;
const watchPollMs = 2_000;
/** How long nothing may be answered after a process of the runtime has died. */
const recoveryDeadlineMs = 15_000;

/** The service, run on this machine by `wrangler dev`. */
export class DevServer {
  readonly baseUrl: string;
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<unknown>;
  readonly #process: ChildProcess;

  /**
   * @param logsEverything whether all log lines are printed, or only warnings and errors
   * @param words more of `wrangler dev`'s options
   */
  constructor(port: number, logsEverything: boolean, words: readonly string[] = []) {
    this.baseUrl = localBaseUrl(port);
    // `--show-interactive-dev-session`: keys pressed in the terminal are not for wrangler. `detached`: a process
    // group of its own, so that Ctrl-C in the terminal ends this script, and only this script ends the group.
    // `--test-scheduled`: without it, wrangler warns at every start that it does not run cron triggers by itself.
    this.#process = spawnWrangler(
      [
        "dev",
        ...["--port", String(port)],
        ...["--log-level", logsEverything ? "log" : "warn"],
        "--show-interactive-dev-session=false",
        "--test-scheduled",
        ...words,
      ],
      { stdio: ["ignore", "inherit", "inherit"], detached: true },
    );
    this.ended = once(this.#process, "exit");
  }

  /** The process group of everything that it has started; 0 when nothing could be started. */
  get processGroup(): number {
    return this.#process.pid ?? 0;
  }

  /**
   * Resolves when the service answers.
   * @throws {Error} when it does not, within a minute
   */
  async ready(): Promise<void> {
    const deadline = Date.now() + readyDeadlineMs;
    while (Date.now() < deadline) {
      if (this.#hasEnded()) throw new Error("wrangler dev ended before the service answered.");
      try {
        const { status } = await callApi(this.baseUrl, { method: "GET", path: "/health" });
        if (status === 200) return;
        throw new Error(`The service does not work: /health answers ${status}. The reason stands in the lines above.`);
      } catch (error) {
        if (!(error instanceof NothingAnswers)) throw error;
      }
      await pause(readyPollMs);
    }
    throw new Error(`The service did not answer within ${readyDeadlineMs / 1000} seconds.`);
  }

  /**
   * Resolves when the service has stopped to answer because a process of its runtime has died. wrangler starts such a
   * process again, but a new one that takes requests may never hand them on.
   */
  async lost(): Promise<void> {
    let known = await this.#runtimes();
    for (;;) {
      await pause(watchPollMs, null, { ref: false });
      const running = await this.#runtimes();
      const isOneGone = known.some((pid) => !running.includes(pid));
      known = running;
      if (isOneGone && !this.#hasEnded() && !(await this.#recovers())) return;
    }
  }

  /** Ids of the runtime's processes; none where they cannot be listed. */
  async #runtimes(): Promise<readonly string[]> {
    try {
      const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,pgid=,comm="]);
      return stdout
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .filter(([, group, name]) => group === String(this.processGroup) && name?.endsWith("workerd"))
        .map(([pid = ""]) => pid);
    } catch {
      return [];
    }
  }

  async #recovers(): Promise<boolean> {
    const signal = AbortSignal.timeout(recoveryDeadlineMs);
    while (!signal.aborted) {
      try {
        if ((await fetch(`${this.baseUrl}/health`, { signal })).ok) return true;
      } catch {
        // Not yet, or never.
      }
      await pause(readyPollMs);
    }
    return false;
  }

  /** Ends it, and every process that it has started. */
  async stop(): Promise<void> {
    if (!this.#hasEnded()) {
      this.#process.kill("SIGTERM");
      await Promise.race([this.ended, pause(stopDeadlineMs, null, { ref: false })]);
    }
    this.#killGroup();
  }

  #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  #killGroup(): void {
    if (this.processGroup === 0) return;
    try {
      process.kill(-this.processGroup, "SIGKILL");
    } catch {
      // Nobody is left in the group.
    }
  }
}

/** @throws {UsageError} when something else already listens to `port`, or this user may not. */
export async function requireFreePort(port: number): Promise<void> {
  for (const host of ["127.0.0.1", "::1"]) {
    const server = createServer().listen({ port, host, exclusive: true });
    try {
      await once(server, "listening");
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : null;
      if (code === "EADDRINUSE") throw new UsageError(`Port ${port} is taken. Choose another one: PORT=8788 npm start`);
      if (code === "EACCES") throw new UsageError(`Port ${port} needs more rights. Choose one above 1023 with PORT.`);
      // Else: a machine without IPv6.
    } finally {
      server.close();
    }
  }
}

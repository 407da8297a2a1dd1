import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

// Processes of the runtime, from Linux's /proc.

const exitPollMs = 5;

/** The ids of the workerd processes that this process has started. */
export const runtimeProcesses = (): readonly number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((id) => {
      const stat = statOf(id);
      return stat !== null && stat.name === "workerd" && stat.parent === process.pid && stat.state !== "Z";
    });

/** Runtimes' processes that somebody has taken for the one that was just started: one process may start several. */
const claimedProcesses = new Set<number>();

/**
 * The runtime's process that has just been started, and that nobody has claimed yet.
 * @throws {Error} when there is none
 */
export function claimRuntimeProcess(): number {
  const found = runtimeProcesses().find((id) => !claimedProcesses.has(id));
  if (found === undefined) throw new Error("The runtime's process was not found: only Linux's /proc tells of it.");
  claimedProcesses.add(found);
  return found;
}

/** For ids of processes that have ended: they may be given to others. */
export function releaseRuntimeProcess(id: number): void {
  claimedProcesses.delete(id);
}

/** Hundredths of a second, on all Linux machines that Node.js runs on. */
const ticksPerSecond = 100;

/** Processor time that a process has taken so far, in its own code and in the system's; 0 when it has ended. */
export function processorSeconds(id: number): number {
  try {
    const fields = readFileSync(`/proc/${id}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    return 0;
  }
}

/** Resident memory of a process; 0 when it has ended. */
export function residentMegabytes(id: number): number {
  try {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0;
    return Math.round(Number(kilobytes) / 1024);
  } catch {
    return 0;
  }
}

/** Has the largest resident memory of a process counted from now on. */
export const forgetPeakMemory = (id: number): void => writeFileSync(`/proc/${id}/clear_refs`, "5");

/** The largest resident memory of a process since its beginning, or since {@link forgetPeakMemory}. */
export const peakMegabytes = (id: number): number =>
  Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0) / 1024);

/** Resolves when the process has ended. */
export async function waitForExit(id: number): Promise<void> {
  for (;;) {
    const stat = statOf(id);
    if (stat === null || stat.state === "Z") return;
    await pause(exitPollMs);
  }
}

function statOf(id: number): { readonly name: string; readonly state: string; readonly parent: number } | null {
  try {
    const [, name = "", fields = ""] = /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/${id}/stat`, "utf8")) ?? [];
    const [state = "", parent = ""] = fields.split(" ");
    return { name, state, parent: Number(parent) };
  } catch {
    return null;
  }
}

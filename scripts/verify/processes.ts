import { readdirSync, readFileSync } from "node:fs";
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

/** Resident memory of a process; 0 when it has ended. */
export function residentMegabytes(id: number): number {
  try {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0;
    return Math.round(Number(kilobytes) / 1024);
  } catch {
    return 0;
  }
}

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

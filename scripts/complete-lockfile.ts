import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// Adds what a registry without some platforms' packages leaves out of package-lock.json: the optional packages for
// other platforms. Without them `npm ci` takes the lock file for outdated. Entries that are there stay as they are.

const lockFile = fileURLToPath(new URL("../package-lock.json", import.meta.url));

/** As much of npm's lock file as is looked at. */
interface LockFile {
  packages: Record<string, LockedPackage>;
}

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly license?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly engines?: Readonly<Record<string, string>>;
  readonly [member: string]: unknown;
}

const systems: Readonly<Record<string, string>> = {
  android: "android",
  darwin: "darwin",
  linux: "linux",
  win32: "win32",
  windows: "win32",
};

/** For which platform a package is, by its name; null when the name does not tell. */
function platformOf(name: string): { os: string[]; cpu: string[]; libc?: string[] } | null {
  const words = name.split(/[/-]/);
  const os = words.flatMap((word) => systems[word] ?? []);
  const cpu = words.flatMap((word) => (word === "arm64" ? "arm64" : word === "x64" || word === "64" ? "x64" : []));
  if (os.length === 0 || cpu.length === 0) return null;
  return { os, cpu, ...(words.includes("musl") ? { libc: ["musl"] } : {}) };
}

const lock = JSON.parse(readFileSync(lockFile, "utf8")) as LockFile;
const added: string[] = [];
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    const platform = platformOf(name);
    if (platform === null || path in lock.packages) continue;
    const { dev, license, engines } = entry;
    lock.packages[path] = {
      version,
      ...(dev === undefined ? {} : { dev }),
      ...(license === undefined ? {} : { license }),
      optional: true,
      ...platform,
      ...(engines === undefined ? {} : { engines }),
    };
    added.push(name);
  }
}
const sorted = Object.entries(lock.packages).toSorted(([left], [right]) => (left < right ? -1 : 1));
writeFileSync(lockFile, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
console.log(added.length === 0 ? "Nothing was missing." : `Added: ${added.join(", ")}`);

/** The source files, by their path below `src`. */
const sources = import.meta.glob("../../src/**/*.ts", { query: "?raw", import: "default", eager: true });

/** What leaves the service, or waits for what has left it. */
const waysOut: readonly RegExp[] = [
  /(?<![.\w#])answered(?:Read|Write)?\(/g,
  /(?<![.\w#])withinDeadline\(/g,
  /(?<![.\w#])inTime\(/g,
  /(?<![.\w#])fetch(?:Once)?\(/g,
  /(?<![.\w#])(?:setTimeout|setInterval|connect|waitUntil)\(/g,
  /(?<![.\w#])(?:caches|scheduler)\.\w+/g,
  /\.storage\.\w+\(/g,
  /\.getByName\(/g,
  /(?<=queue|database|limiter|counter|cache)\.(?:send|prepare|batch|exec|limit|get|put|delete|list)\(/gi,
  /new (?:WebSocket|EventSource)\(/g,
];

/** How often each source file reaches outside: a new place has to be looked at, whether a flow reaches it or not. */
export function waysOutOf(): readonly string[] {
  return Object.entries(sources)
    .map(([path, text]) => {
      const code = text.replace(/^\s*(?:\/\/|\/?\*).*$/gm, "").replace(/^(?:export )?(?:async )?function .*$/gm, "");
      const count = waysOut.reduce((sum, way) => sum + (code.match(way)?.length ?? 0), 0);
      return { path: path.replace("../../src/", ""), count };
    })
    .filter(({ count }) => count > 0)
    .toSorted((left, right) => (left.path < right.path ? -1 : 1))
    .map(({ path, count }) => `${path}: ${count}`);
}

/** What goes over all databases has its deadlines within. */
const unbounded = /await (?:this\.#)?(?:database|drizzle|databases\.(?!takeFromAll|firstOfAll)\w+)\b.*/g;

/** Calls to D1 that nobody puts a deadline to. */
export function unboundedDatabaseCalls(): readonly string[] {
  return Object.entries(sources).flatMap(([path, text]) =>
    path.includes("/storage/") ? (text.match(unbounded) ?? []).map((line) => `${path}: ${line}`) : [],
  );
}

/** Calls to KV that nobody puts a deadline to. */
export function unboundedCacheCalls(): readonly string[] {
  return Object.entries(sources).flatMap(([path, text]) =>
    (text.match(/^.*\bcache\.(?:get|put|delete|list)\(.*$/gm) ?? [])
      .filter((line) => !line.includes("inTime("))
      .map((line) => `${path}: ${line.trim()}`),
  );
}

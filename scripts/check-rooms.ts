// Refuses what src/ may not do: import upwards between layers, import another room's inside or in a circle, or skip the
// use-cases in a route.
//
//   node scripts/check-rooms.ts
//
// The rules are in rooms/room-rules.ts.

import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { circlesIn, objectionTo } from "./rooms/room-rules.ts";

const projectFolder = fileURLToPath(new URL("..", import.meta.url));

/** Files that a folder may hold. */
const filesMax = 20;

const statement = /^(?:import|export)\s[^"';]*?from "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm;

/** What a file imports: paths in the project, and names of packages. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(projectFolder, file), "utf8");
  return [...text.matchAll(statement)].map(([, from, alone, dynamic]) => {
    const specifier = from ?? alone ?? dynamic ?? "";
    return specifier.startsWith(".") ? join(dirname(file), specifier) : specifier;
  });
}

const files = globSync("src/**/*.ts", { cwd: projectFolder })
  .map((file) => relative("", file))
  .toSorted();
const imports = new Map(files.map((file) => [file, importsOf(file)]));
const wrong = [...imports].flatMap(([from, all]) =>
  all.flatMap((to) => {
    const objection = objectionTo(from, to);
    return objection === null ? [] : [`${from} imports ${to}: ${objection}`];
  }),
);
/** A route asks a port for nothing by itself: it calls a use-case. The clock and the log are no ports of a room. */
const portCalls = files
  .filter((file) => /^src\/(?!platform)\w+\/http\//.test(file))
  .flatMap((file) => {
    const text = readFileSync(join(projectFolder, file), "utf8");
    const ports = [...text.matchAll(/\bservices\.(?!clock\b|log\b)(\w+)/g)].map(([, port]) => port);
    return ports.map((port) => `${file} calls the port ${port}: a route calls a use-case`);
  });
const circles = circlesIn(imports).map((circle) => `a circle: ${circle.join(" → ")}`);
const crowded = [...Map.groupBy(files, dirname)]
  .filter(([, inside]) => inside.length > filesMax)
  .map(([folder, inside]) => `${folder} holds ${inside.length} files, more than ${filesMax}`);

const problems = [...wrong, ...portCalls, ...circles, ...crowded];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;

// Refuses what src/ may not import: upwards between layers, another room's inside, or in a circle.
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
const circles = circlesIn(imports).map((circle) => `a circle: ${circle.join(" → ")}`);
const crowded = [...Map.groupBy(files, dirname)]
  .filter(([, inside]) => inside.length > filesMax)
  .map(([folder, inside]) => `${folder} holds ${inside.length} files, more than ${filesMax}`);

const problems = [...wrong, ...circles, ...crowded];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brokenLinks, relativeLinksIn } from "./documents/broken-links.ts";
import { runScript } from "./usage-error.ts";

// Checks every relative link in the project's Markdown files: that its file exists, and that its anchor does.

const projectFolder = fileURLToPath(new URL("..", import.meta.url));

/** Folders that are no part of the project: those that .gitignore names. */
const ignored = new Set([
  ".git",
  ...readFileSync(join(projectFolder, ".gitignore"), "utf8")
    .split("\n")
    .filter((line) => line.endsWith("/"))
    .map((line) => line.slice(0, -1)),
]);

/** Every file and folder below `folder`, by its path in the project. */
function pathsBelow(folder: string): readonly string[] {
  return readdirSync(join(projectFolder, folder), { withFileTypes: true }).flatMap((entry) => {
    if (ignored.has(entry.name)) return [];
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? [path, ...pathsBelow(path)] : [path];
  });
}

await runScript(async () => {
  const paths = pathsBelow("");
  const documents = new Map(
    paths
      .filter((path) => path.endsWith(".md"))
      .map((path) => [path, readFileSync(join(projectFolder, path), "utf8")] as const),
  );
  const broken = brokenLinks({ paths: new Set(paths), documents });
  if (broken.length > 0) {
    const lines = broken.map(({ path, line, target, reason }) => `${path}:${line}: ${target}: ${reason}`);
    throw new Error(`${lines.join("\n")}\nBroken links: ${broken.length}.`);
  }
  const count = [...documents.values()].reduce((sum, text) => sum + relativeLinksIn(text).length, 0);
  console.log(`Checked ${count} links in ${documents.size} Markdown files.`);
});

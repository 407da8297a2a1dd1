import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** What the project itself has to say on the page. It lands in the public folder under the same paths. */
const sourceFolder = fileURLToPath(new URL("../src/docs-page", import.meta.url));
/** What is served as static assets; see wrangler.toml. */
const publicFolder = fileURLToPath(new URL("../public", import.meta.url));

/** The files of Swagger UI that the page loads, and the license that comes with them. */
const swaggerUiFiles = [
  "swagger-ui-bundle.js",
  "swagger-ui-bundle.js.LICENSE.txt",
  "swagger-ui.css",
  "LICENSE",
  "NOTICE",
] as const;

/**
 * Makes the public folder hold the documentation page and nothing else. Files that are right already are left
 * alone, so that a running `wrangler dev`, which watches the folder, has nothing to reload.
 */
export function buildDocsPage(): void {
  const wanted = new Map<string, Buffer>();
  for (const path of filesIn(sourceFolder)) wanted.set(path, readFileSync(join(sourceFolder, path)));
  for (const name of swaggerUiFiles) wanted.set(join("docs", name), swaggerUiFile(name));

  for (const path of filesIn(publicFolder)) {
    if (!wanted.has(path)) rmSync(join(publicFolder, path));
  }
  for (const [path, content] of wanted) {
    const file = join(publicFolder, path);
    if (existsSync(file) && readFileSync(file).equals(content)) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

/** Without the pointer to its source map, which is not served: browsers' developer tools would ask for it in vain. */
function swaggerUiFile(name: (typeof swaggerUiFiles)[number]): Buffer {
  const text = readFileSync(fileURLToPath(import.meta.resolve(`swagger-ui-dist/${name}`)), "utf8");
  return Buffer.from(text.replace(/\n\/[*/]# sourceMappingURL=.*\s*$/, "\n"));
}

/** Paths of all files below `folder`, relative to it. */
function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

if (import.meta.main) buildDocsPage();

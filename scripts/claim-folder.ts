import { once } from "node:events";
import { accessSync, constants, existsSync, mkdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { localBaseUrl } from "./service-address.ts";
import { UsageError } from "./usage-error.ts";

const projectFolder = fileURLToPath(new URL("..", import.meta.url));
const stateFolder = join(projectFolder, ".wrangler");

/** What is written to while the service starts and runs. */
const writtenTo = [
  projectFolder,
  stateFolder,
  join(stateFolder, "state"),
  join(projectFolder, "public"),
  join(projectFolder, ".dev.vars"),
];

/**
 * Makes this process the only one that runs the service out of this folder, until it ends: two runtimes would write to
 * the same files. A socket tells, because it is gone with its process, however that ends.
 * @throws {UsageError} when another process runs it already, or the folder cannot be written to
 */
export async function claimFolder(port: number): Promise<void> {
  requireWritable();
  mkdirSync(stateFolder, { recursive: true });
  // Relative: the whole path may be longer than a socket's name can be.
  const socket = relative(process.cwd(), join(stateFolder, "start.sock"));
  if (await isClaimed(socket, port)) {
    const other = await addressOf(socket);
    if (other !== null) {
      throw new UsageError(`The service runs already in this folder, at ${other}. Stop it there first.`);
    }
    // Left over by a process that was killed.
    rmSync(socket, { force: true });
    if (await isClaimed(socket, port)) throw new UsageError("The service is being started in this folder already.");
  }
}

/** Whether somebody else has the socket; if not, this process has it now, and tells who asks where the service is. */
async function isClaimed(socket: string, port: number): Promise<boolean> {
  const server = createServer((asker) => {
    asker.on("error", () => {});
    asker.end(localBaseUrl(port));
  }).listen(socket);
  try {
    await once(server, "listening");
  } catch (error) {
    // Anything else: a file system without sockets, where nobody can tell.
    return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  }
  server.unref();
  return false;
}

/** Where the service runs whose process has the socket; null when that process is gone. */
async function addressOf(socket: string): Promise<string | null> {
  const asking = connect(socket).setEncoding("utf8");
  try {
    let address = "";
    for await (const text of asking) address += text;
    return address;
  } catch {
    return null;
  }
}

function requireWritable(): void {
  for (const path of writtenTo.filter((some) => existsSync(some))) {
    try {
      accessSync(path, constants.W_OK);
    } catch {
      throw new UsageError(`${path} cannot be written to, and the service keeps its data and its keys in this folder.`);
    }
  }
}

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { accessSync, chownSync, constants, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where Debian's packages put the programs; the newest version comes first. */
const packagedPrograms = "/usr/lib/postgresql";
const superuser = "postgres";
/** Whom the server runs as when everything else runs as root, which it refuses: the first of them that exists. */
const unprivilegedUsers = ["postgres", "nobody"] as const;
const startDeadlineMs = 30_000;
const startPollMs = 50;
/** Of what the server prints, for the error when it does not start. */
const printedCharactersMax = 4_000;
/** For the connections of one pool and of those who look at the books. */
const connectionsMax = 100;
/** Of one answer to {@link Postgres.rows}. */
const answerBytesMax = 16 * 1024 * 1024;

/** The programs of PostgreSQL are not on this machine (Debian: the package `postgresql-15`). */
export class PostgresMissing extends Error {
  override readonly name = "PostgresMissing";

  constructor() {
    super(`PostgreSQL is not installed: initdb, postgres and psql are neither on the PATH nor in ${packagedPrograms}.`);
  }
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/**
 * A PostgreSQL server of its own, in a temporary folder, that keeps what it has committed (`fsync=on`,
 * `synchronous_commit=on`). It listens on a Unix socket in that folder only, so whoever may enter it needs no
 * password. The machine must have about 1 GB on the disk of its temporary folder and 512 MB of memory left; the shared
 * buffers are ordinary memory and take nothing from /dev/shm.
 */
export class Postgres {
  /** The folder of the socket: what libpq and pg take as a host. */
  readonly host: string;
  readonly user: string = superuser;
  readonly database: string = "postgres";
  /** As the server says it, such as `15.18`. */
  readonly version: string;
  readonly #programs: string;
  readonly #keeper: ChildProcess;

  private constructor(parts: { programs: string; host: string; version: string; keeper: ChildProcess }) {
    this.#programs = parts.programs;
    this.#keeper = parts.keeper;
    this.host = parts.host;
    this.version = parts.version;
  }

  /**
   * @throws {PostgresMissing} when the programs are not there
   * @throws {Error} with what the server printed, when it does not start within 30 seconds
   */
  static async start(): Promise<Postgres> {
    const programs = programsFolder();
    const user = process.getuid?.() === 0 ? await unprivilegedUser() : null;
    const folder = mkdtempSync(join(tmpdir(), "reward-points-postgres-"));
    const data = join(folder, "data");
    const host = join(folder, "socket");
    try {
      for (const inner of [data, host]) mkdirSync(inner, { mode: 0o700 });
      if (user !== null) for (const each of [folder, data, host]) chownSync(each, user.uid, user.gid);
      const words = ["--pgdata", data, "--username", superuser, "--auth", "trust", "--encoding", "UTF8", "--no-locale"];
      await run(join(programs, "initdb"), words, { cwd: data, ...user });
      const keeper = await startServer(programs, { folder, data, host }, user);
      const version = await run(join(programs, "postgres"), ["--version"], { ...user });
      const number = /\d+(\.\d+)?/.exec(version.stdout)?.[0] ?? "";
      return new Postgres({ programs, host, version: number, keeper });
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * Runs `sql`, one statement or several, in one transaction.
   * @returns the rows of all of them, each a list of its values as text, in which there must be no | and no line break
   * @throws {Error} with what the server says
   */
  async rows(sql: string): Promise<readonly (readonly string[])[]> {
    const place = ["--host", this.host, "--username", this.user, "--dbname", this.database];
    const manner = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"];
    // Through a pipe: the system limits how long a word of a command may be.
    const input = ["--single-transaction", "--file", "-"];
    const running = run(join(this.#programs, "psql"), [...place, ...manner, ...input], { maxBuffer: answerBytesMax });
    // When psql ends before it has read everything, its own message says why.
    running.child.stdin?.on("error", () => {}).end(sql);
    return (await running).stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("|"));
  }

  /** Ends the server, with all its connections, and removes its folder. */
  stop(): Promise<void> {
    return end(this.#keeper);
  }
}

/** @throws {PostgresMissing} */
function programsFolder(): string {
  const onPath = (process.env["PATH"] ?? "").split(delimiter);
  const found = [...onPath, ...packagedFolders()].find((folder) =>
    ["initdb", "postgres", "psql"].every((program) => isExecutable(join(folder, program))),
  );
  if (found === undefined) throw new PostgresMissing();
  return found;
}

function packagedFolders(): readonly string[] {
  try {
    const versions = readdirSync(packagedPrograms).sort((left, right) => Number(right) - Number(left));
    return versions.map((version) => join(packagedPrograms, version, "bin"));
  } catch {
    return [];
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function unprivilegedUser(): Promise<User> {
  for (const name of unprivilegedUsers) {
    try {
      const [uid, gid] = await Promise.all(["-u", "-g"].map((part) => run("id", [part, name])));
      return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
    } catch {
      // There is no such user.
    }
  }
  throw new Error(`PostgreSQL refuses to run as root, and there is no user ${unprivilegedUsers.join(" or ")}.`);
}

/**
 * Runs the server until its standard input ends, which it does at the latest when the benchmark ends, however that
 * comes about; then shuts the server down (SIGINT breaks off connections, and loses nothing that was committed) and
 * removes the folder in its first parameter.
 */
const keeperScript = `
  trap : HUP INT TERM
  folder=$1
  shift
  "$@" &
  server=$!
  cat > /dev/null
  kill -INT $server 2> /dev/null
  wait $server
  rm -rf "$folder"
`;

interface Places {
  readonly folder: string;
  readonly data: string;
  readonly host: string;
}

/** @returns the process that keeps the server running, when that takes connections */
async function startServer(programs: string, { folder, data, host }: Places, user: User | null): Promise<ChildProcess> {
  const settings = {
    listen_addresses: "",
    unix_socket_directories: host,
    unix_socket_permissions: "0700",
    fsync: "on",
    synchronous_commit: "on",
    shared_buffers: "256MB",
    max_connections: String(connectionsMax),
  };
  const server = [
    join(programs, "postgres"),
    "-D",
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
  const keeper = spawn("/bin/sh", ["-c", keeperScript, "keeper", folder, ...server], {
    cwd: "/",
    stdio: ["pipe", "ignore", "pipe"],
    ...user,
  });
  let printed = "";
  keeper.on("error", (error) => {
    printed += error.message;
  });
  keeper.stderr.on("data", (text: Buffer) => {
    printed = `${printed}${text}`.slice(-printedCharactersMax);
  });
  const asking = ["--host", host, "--username", superuser, "--dbname", "postgres", "--command", "select 1"];
  const isReady = () =>
    run(join(programs, "psql"), asking).then(
      () => true,
      () => false,
    );
  const deadline = AbortSignal.timeout(startDeadlineMs);
  while (!(await isReady())) {
    if (deadline.aborted) {
      await end(keeper);
      throw new Error(`PostgreSQL did not start:\n${printed}`);
    }
    await pause(startPollMs);
  }
  return keeper;
}

async function end(keeper: ChildProcess): Promise<void> {
  if (keeper.pid === undefined || keeper.exitCode !== null || keeper.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => keeper.once("exit", () => resolve()));
  keeper.stdin?.end();
  await ended;
}

import { connect, type Socket } from "node:net";

/** A request as it goes over the wire, whole: head and body. */
export type RawRequest = Buffer;

export interface LoadPlan {
  readonly port: number;
  /** Connections, each with one request at a time. */
  readonly clients: number;
  /** When to stop: after this long, or when there is nothing more to send. */
  readonly seconds: number;
  /** The next request; null when there is nothing more to send. */
  readonly next: (client: number) => RawRequest | null;
  /** Looks at the bodies of answers; they are not made into text when there is none. */
  readonly onAnswer?: (status: number, body: string) => void;
}

export interface LoadResult {
  readonly answers: number;
  readonly seconds: number;
  readonly statuses: ReadonlyMap<number, number>;
  /** From sending to the answer's last byte, of every request, in the order of their answers. */
  readonly microseconds: readonly number[];
}

/** How long a request may take before the run fails. */
const answerDeadlineMs = 30_000;

/** Makes `request` the bytes that a keep-alive client sends. */
export function rawRequest(request: {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A value, sent as JSON. */
  readonly body?: unknown;
}): RawRequest {
  const body = request.body === undefined ? "" : JSON.stringify(request.body);
  const headers = {
    Host: "127.0.0.1",
    ...(request.token === undefined ? {} : { Authorization: `Bearer ${request.token}` }),
    ...(request.body === undefined
      ? {}
      : { "Content-Type": "application/json", "Content-Length": String(Buffer.byteLength(body)) }),
    ...request.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from([`${request.method} ${request.path} HTTP/1.1`, ...lines, "", body].join("\r\n"));
}

/**
 * Sends requests over `clients` connections, each as soon as the one before is answered.
 * @throws {Error} when a connection breaks, or an answer takes longer than 30 seconds
 */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const statuses = new Map<number, number>();
  const microseconds: number[] = [];
  const startedAt = performance.now();
  const endAt = startedAt + plan.seconds * 1_000;
  const note = (status: number, since: number): void => {
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    microseconds.push((performance.now() - since) * 1_000);
  };
  await Promise.all(
    Array.from({ length: plan.clients }, async (_, client) => {
      const connection = await Connection.open(plan.port);
      try {
        while (performance.now() < endAt) {
          const request = plan.next(client);
          if (request === null) return;
          const since = performance.now();
          const { status, body } = await connection.send(request, plan.onAnswer !== undefined);
          note(status, since);
          plan.onAnswer?.(status, body);
        }
      } finally {
        connection.close();
      }
    }),
  );
  return { answers: microseconds.length, seconds: (performance.now() - startedAt) / 1_000, statuses, microseconds };
}

/** Connections of what is not timed, and how long it may take. */
const untimed = { clients: 32, seconds: 60 } as const;

/** Sends each request once. */
export async function sendAll(port: number, requests: readonly RawRequest[]): Promise<void> {
  const unsent = [...requests];
  await runLoad({ port, ...untimed, next: () => unsent.pop() ?? null });
}

interface Answer {
  readonly status: number;
  /** Empty unless asked for. */
  readonly body: string;
}

const headEnd = Buffer.from("\r\n\r\n");
const lengthHeader = /\r\ncontent-length: *(\d+)/i;
const chunkedHeader = /\r\ntransfer-encoding: *chunked/i;
const lastChunk = "0\r\n\r\n";

/** One keep-alive connection; it knows as much of HTTP/1.1 as these servers need. */
class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #wantsBody = false;
  #resolve: ((answer: Answer) => void) | null = null;
  #reject: ((error: Error) => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("The connection was closed.")));
    socket.setTimeout(answerDeadlineMs, () => this.#fail(new Error(`No answer within ${answerDeadlineMs} ms.`)));
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new Connection(socket));
      });
    });
  }

  send(request: RawRequest, wantsBody: boolean): Promise<Answer> {
    this.#wantsBody = wantsBody;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf(headEnd);
    if (end < 0) return;
    const head = this.#received.toString("latin1", 0, end);
    const from = end + headEnd.length;
    const to = this.#bodyEnd(head, from);
    if (to === null) return;
    const body = this.#wantsBody ? this.#received.toString("utf8", from, to) : "";
    this.#received = this.#received.subarray(to);
    const resolve = this.#resolve;
    this.#resolve = null;
    this.#reject = null;
    resolve?.({ status: Number(head.slice(9, 12)), body });
  }

  /** Where the body ends; null when it is not all there. */
  #bodyEnd(head: string, from: number): number | null {
    if (chunkedHeader.test(head)) {
      const isWhole = this.#received.toString("latin1", Math.max(from, this.#received.length - 5)).endsWith(lastChunk);
      return isWhole ? this.#received.length : null;
    }
    const to = from + Number(lengthHeader.exec(head)?.[1] ?? 0);
    return this.#received.length >= to ? to : null;
  }

  #fail(error: Error): void {
    this.#reject?.(error);
    this.#resolve = null;
    this.#reject = null;
  }
}

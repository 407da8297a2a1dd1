import { Agent, request } from "node:http";

/** How long an answer may take unless the client is less patient. */
const deadlineMsDefault = 60_000;

export interface ServiceCall {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly token?: string;
  readonly idempotencyKey?: string;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** Nobody answered: the connection was refused, broke or stayed silent. What has become of the request is unknown. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** A client of the service that keeps its connections open, and sends nothing twice. */
export class ServiceClient {
  readonly #url: URL;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #deadlineMs: number;

  /** @param deadlineMs after which the client hangs up, and has no answer */
  constructor(url: string, deadlineMs: number = deadlineMsDefault) {
    this.#url = new URL(url);
    this.#deadlineMs = deadlineMs;
  }

  /** @throws {NoAnswer} when there is none */
  call({ method, path, token, idempotencyKey, json, headers }: ServiceCall): Promise<ServiceAnswer> {
    const body = json === undefined ? null : Buffer.from(JSON.stringify(json));
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        clearTimeout(timer);
        reject(new NoAnswer(`${method} ${path}: ${error.message}`));
      };
      const sent = request(
        {
          agent: this.#agent,
          hostname: this.#url.hostname,
          port: this.#url.port,
          method,
          path,
          headers: {
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
            ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
            ...(body === null ? {} : { "content-type": "application/json", "content-length": body.length }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => {
            if (!response.complete) return fail(new Error("The answer broke off."));
            clearTimeout(timer);
            const { statusCode = 0, headers: received } = response;
            resolve({ status: statusCode, headers: received, body: Buffer.concat(chunks).toString("utf8") });
          });
          response.on("error", fail);
        },
      );
      const timer = setTimeout(() => sent.destroy(new Error("The client has hung up.")), this.#deadlineMs);
      sent.on("error", fail);
      sent.end(body ?? undefined);
    });
  }

  /** Closes all connections. */
  close(): void {
    this.#agent.destroy();
  }
}

import { Agent, request } from "node:http";

/** How long an answer may take. What takes longer counts as no answer. */
const deadlineMs = 60_000;

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
  readonly #agent: Agent;

  /** @param connectionsMax how many requests are under way at most; more wait */
  constructor(url: string, connectionsMax: number = Number.POSITIVE_INFINITY) {
    this.#url = new URL(url);
    this.#agent = new Agent({ keepAlive: true, maxSockets: connectionsMax });
  }

  /** @throws {NoAnswer} when there is none */
  call({ method, path, token, idempotencyKey, json, headers }: ServiceCall): Promise<ServiceAnswer> {
    const body = json === undefined ? null : Buffer.from(JSON.stringify(json));
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => reject(new NoAnswer(`${method} ${path}: ${error.message}`));
      const sent = request(
        {
          agent: this.#agent,
          hostname: this.#url.hostname,
          port: this.#url.port,
          method,
          path,
          timeout: deadlineMs,
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
            const { statusCode = 0, headers: received } = response;
            resolve({ status: statusCode, headers: received, body: Buffer.concat(chunks).toString("utf8") });
          });
          response.on("error", fail);
        },
      );
      sent.on("timeout", () => sent.destroy(new Error(`No answer within ${deadlineMs / 1000} s.`)));
      sent.on("error", fail);
      sent.end(body ?? undefined);
    });
  }

  /** Closes all connections. */
  close(): void {
    this.#agent.destroy();
  }
}

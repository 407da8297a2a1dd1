/** A request to the service. */
export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From the first slash on, with everything percent-encoded that needs it. */
  readonly path: string;
  /** A bearer token; without one, the request carries no authorization. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON; the text when it is none; null when there is no body. */
  readonly body: unknown;
}

const answerDeadlineMs = 30_000;

/** The service cannot be reached. */
export class NothingAnswers extends Error {
  override readonly name = "NothingAnswers";

  constructor(baseUrl: string, cause: unknown) {
    super(
      `Nothing answers at ${baseUrl}. Start the service with "npm start"; if it runs elsewhere, name it with PORT or BASE_URL.`,
      { cause },
    );
  }
}

/**
 * Sends a request to the service at `baseUrl`.
 * @throws {NothingAnswers} when no answer came within 30 s
 */
export async function callApi(baseUrl: string, request: ApiRequest): Promise<ApiAnswer> {
  const { method, path, token, body } = request;
  const headers = new Headers(request.headers);
  if (token !== undefined) headers.set("Authorization", `Bearer ${token}`);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  try {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers,
      signal: AbortSignal.timeout(answerDeadlineMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: parsed(await response.text()) };
  } catch (error) {
    throw new NothingAnswers(baseUrl, error);
  }
}

function parsed(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Sends a request that is answered with one of `statuses`.
 * @throws {Error} that shows the answer when it is another one
 */
export async function callApiFor(
  statuses: readonly number[],
  baseUrl: string,
  request: ApiRequest,
): Promise<ApiAnswer> {
  const answer = await callApi(baseUrl, request);
  if (statuses.includes(answer.status)) return answer;
  const hint = answer.status === 401 ? " It does not trust tokens signed with the key in this folder's .dev.vars." : "";
  const shown = JSON.stringify(answer.body);
  throw new Error(`${baseUrl} answered ${request.method} ${request.path} with ${answer.status}: ${shown}.${hint}`);
}

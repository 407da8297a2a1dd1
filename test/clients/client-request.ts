/** Published programs that call Emporix's APIs: what they are is in docs/emporix.md. */
export type Client =
  | "the SDK"
  | "the SDK's storefront"
  | "the storefront"
  | "the shop's server"
  | "the first storefront"
  | "the dashboard"
  | "Terraform"
  | "a tutorial"
  | "the tenant setup";

/** What kind of value a client takes a member for. */
export type Kind = "text" | "number" | "flag" | "list" | "object";

/** A text that can hold placeholders such as `{tenant}`; one that is nothing but a placeholder stands for its value. */
type Filled = string;

export interface ClientRequest {
  /** `POST /coupon/{tenant}/coupons`: an operation of the contracts, or another path that a client calls. */
  readonly operation: string;
  /** What the path's placeholders stand for, where the journey has not learned it. */
  readonly path?: Readonly<Record<string, Filled>>;
  /** `nobody`: without a token, or with one of the journey's own in `headers`. */
  readonly as: "nobody" | "guest" | "customer" | "employee";
  readonly query?: Readonly<Record<string, Filled>>;
  readonly headers?: Readonly<Record<string, Filled>>;
  /** Without it, the request has neither a body nor a Content-Type. */
  readonly json?: unknown;
  /** What the client has read and sends back; the members of `json` replace its members. */
  readonly over?: Filled;
  readonly form?: Readonly<Record<string, Filled>>;
  readonly expects: Expected;
  /** What later requests can name: the placeholder, and the member of the answer that it stands for. */
  readonly keeps?: Readonly<Record<string, string>>;
}

export interface Expected {
  /** One of the statuses that the client takes for the outcome. */
  readonly status: number | readonly number[];
  /** The members that the client reads: `homeBase.address.country`, `[].code` of every item, "" for the whole body. */
  readonly reads?: Readonly<Record<string, Kind>>;
  /** Members that must have these values. */
  readonly has?: unknown;
  /** Members that must be missing or null. */
  readonly lacks?: readonly string[];
  /** Items that must be in the list that the body is, each with at least these members. */
  readonly lists?: readonly unknown[];
  readonly headers?: Readonly<Record<string, Filled>>;
}

/** Requests that a client sends one after the other. */
export interface Journey {
  readonly client: Client;
  /** Completes the sentence that begins with the client. */
  readonly does: string;
  /** It runs in a browser, so that its requests have preflights. */
  readonly inBrowser?: true;
  /** Headers of every request. */
  readonly headers?: Readonly<Record<string, Filled>>;
  /** What the merchant has done before, with another program. */
  readonly before?: readonly ClientRequest[];
  readonly requests: readonly ClientRequest[];
}

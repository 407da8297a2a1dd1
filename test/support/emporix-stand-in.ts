/** What can be asked of the stand-in, and told to go wrong. */
export type StandInOperation = (typeof operations)[number];

const operations = [
  "token",
  "coupon.create",
  "coupon.find",
  "coupon.remove",
  "settings.find",
  "site.find",
  "customer.validate",
  "customer.me",
  "orders.list",
  "returns.list",
] as const;

export const isStandInOperation = (text: string): text is StandInOperation => operations.some((name) => name === text);

/**
 * How a request goes wrong:
 *
 * - a number: it is refused with that status and nothing is done; `{ status, … }` says more about the refusal
 * - `drop-before-acting`, `drop-after-acting`: the connection is lost before or after it was done
 * - `hang-before-acting`, `hang-after-acting`: it is never answered, and not done, or done
 * - `act-late`: it is never answered, and done only when {@link EmporixStandIn.actLate} is called
 * - `garbage`, `garbage-after-acting`: an answer with a good status that makes no sense, and not done, or done
 * - `redirect`: it is sent elsewhere
 * - `stall-after-acting`: it is done, and the answer's body never ends
 * - `overlong-after-acting`: it is done, and the answer's body is far too long
 */
export type Fault = number | Refusal | (typeof namedFaults)[number];

export interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the contract's. */
  readonly body?: string;
}

const namedFaults = [
  "drop-before-acting",
  "drop-after-acting",
  "hang-before-acting",
  "hang-after-acting",
  "act-late",
  "garbage",
  "garbage-after-acting",
  "redirect",
  "stall-after-acting",
  "overlong-after-acting",
] as const;

/** A fault by its name or status; null when there is none of that name. */
export function parseFault(text: string): Fault | null {
  return /^[2-5]\d\d$/.test(text) ? Number(text) : (namedFaults.find((fault) => fault === text) ?? null);
}

/** A coupon as the Coupon contract writes it. */
export type StandInCoupon = { readonly [member: string]: unknown } & {
  readonly code: string;
  readonly issuedTo?: string;
  readonly status: string;
  readonly redemptionCount: number;
  readonly deleted: boolean;
};

/** A request as it arrived. */
export interface ReceivedRequest {
  readonly operation: StandInOperation;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly tenant: string;
  readonly authorization: string | null;
  readonly contentType: string | null;
  readonly body: string;
}

/** As much of time as the stand-in uses: whoever never answers lets it pass. */
export interface PassingTime {
  now(): number;
  passUntilNext(): void;
}

interface Init {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** An order or a return as its service writes it. */
export type StandInDocument = { readonly [member: string]: unknown } & { readonly id: string };

/** Someone's session at Emporix, as the opaque token stands for it. */
interface StandInSession {
  readonly tenant: string;
  /** `00000000` for a guest. */
  readonly customerNumber: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

const guestsNumber = "00000000";
const sessionSeconds = 2_592_000;

const clientId = "reward-points";
const clientSecret = "a-secret-of-the-stand-in";
const tokenSeconds = 3_600;

/**
 * Stands in for Emporix's OAuth, Customer, Coupon, Site Settings, Order and Returns services: speaks their contracts,
 * keeps sessions, coupons, mixins, orders and returns in memory, and goes wrong when told to. Nothing in it is left to chance.
 */
export class EmporixStandIn {
  readonly baseUrl: string;
  readonly tokenUrl: string;
  readonly clientId = clientId;
  readonly clientSecret = clientSecret;
  /** Everything that has arrived, in order, also what went wrong. */
  readonly requests: ReceivedRequest[] = [];
  /** By tenant and code, `demo/RP-0123456789AB`; deleted ones stay, marked as such. */
  readonly coupons = new Map<string, StandInCoupon>();
  /** The sites' mixins, by tenant, site and name: `demo/main/couponSettings`. */
  readonly mixins = new Map<string, unknown>();
  /** Orders and returns, by tenant and id: `demo/EON2076`. */
  readonly orders = new Map<string, StandInDocument>();
  readonly returns = new Map<string, StandInDocument>();
  /** The sites, by tenant and code: `demo/main`. */
  readonly sites = new Map<string, unknown>();
  /** Whether `issuedTo` and `redemptionCount` are shown, as they are to those who may see them. */
  showsSellersFields = true;
  readonly #time: PassingTime | null;
  readonly #once = new Map<StandInOperation, Fault[]>();
  readonly #always = new Map<StandInOperation, Fault>();
  readonly #late: (() => void)[] = [];
  /** Tokens that are good, with their tenants. */
  readonly #tokens = new Map<string, { readonly tenant: string; readonly until: number }>();
  #issuedTokens = 0;
  /** The sessions of customers and guests, by token. */
  readonly #sessions = new Map<string, StandInSession>();

  /** @param time virtual time; without it, what hangs hangs until the caller gives up */
  constructor({ baseUrl = "https://emporix.test", time }: { baseUrl?: string; time?: PassingTime } = {}) {
    this.baseUrl = baseUrl;
    this.tokenUrl = `${baseUrl}/oauth/token`;
    this.#time = time ?? null;
  }

  /** How to reach it, as the service's adapters take it. */
  get access() {
    const { baseUrl, tokenUrl } = this;
    return { baseUrl, tokenUrl, clientId, clientSecret };
  }

  /** The service's variables, when coupons are issued here. */
  get couponVariables() {
    return {
      COUPON_SERVICE_URL: this.baseUrl,
      UPSTREAM_TOKEN_URL: this.tokenUrl,
      UPSTREAM_CLIENT_ID: clientId,
      UPSTREAM_CLIENT_SECRET: clientSecret,
    };
  }

  /** The next calls of `operation` go wrong, one after the other, each in its way. */
  next(operation: StandInOperation, ...faults: Fault[]): void {
    this.#once.set(operation, [...(this.#once.get(operation) ?? []), ...faults]);
  }

  /** Every call of `operation` goes wrong, until it is told `null`. What {@link next} says comes first. */
  always(operation: StandInOperation, fault: Fault | null): void {
    if (fault === null) this.#always.delete(operation);
    else this.#always.set(operation, fault);
  }

  /** Signs a customer in, or lets a guest in. @returns the opaque token */
  signIn(tenant: string, customerNumber: string | null = null, lifetimeSeconds: number = sessionSeconds): string {
    this.#issuedTokens += 1;
    const token = `opaque${String(this.#issuedTokens).padStart(22, "0")}`;
    const until = this.#now() + lifetimeSeconds * 1_000;
    this.#sessions.set(token, { tenant, customerNumber: customerNumber ?? guestsNumber, until });
    return token;
  }

  /** Ends a session: its token is no longer valid. */
  signOut(token: string): void {
    this.#sessions.delete(token);
  }

  /** From now on no token is good that was given before. */
  expireTokens(): void {
    this.#tokens.clear();
  }

  /** Does now what was put off by `act-late`. */
  actLate(): void {
    for (const act of this.#late.splice(0)) act();
  }

  count(operation: StandInOperation): number {
    return this.requests.filter((request) => request.operation === operation).length;
  }

  /** The coupons that can be used: neither deleted nor used up. */
  liveCoupons(tenant?: string): readonly StandInCoupon[] {
    return [...this.coupons]
      .filter(([key]) => tenant === undefined || key.startsWith(`${tenant}/`))
      .map(([, coupon]) => coupon)
      .filter(({ deleted, status }) => !deleted && status !== "USED");
  }

  /** Puts a coupon there, as a merchant would. */
  putCoupon(tenant: string, coupon: Partial<StandInCoupon> & { readonly code: string }): void {
    const defaults = { name: "A coupon", discountType: "PERCENT", discountPercentage: 10, allowAnonymous: false };
    const counted = { status: "VALID", redemptionCount: 0, deleted: false };
    this.coupons.set(couponKey(tenant, coupon.code), { ...defaults, ...counted, ...coupon });
  }

  /** A customer uses a coupon at a checkout. */
  useCoupon(tenant: string, code: string): void {
    const coupon = this.coupons.get(couponKey(tenant, code));
    if (coupon === undefined) throw new Error("There is no such coupon.");
    const redemptionCount = coupon.redemptionCount + 1;
    const isUsedUp = coupon["maxRedemptions"] === redemptionCount;
    this.coupons.set(couponKey(tenant, code), {
      ...coupon,
      redemptionCount,
      ...(isUsedUp ? { status: "USED" } : {}),
    });
  }

  putOrder(tenant: string, order: StandInDocument): void {
    this.orders.set(`${tenant}/${order.id}`, order);
  }

  putReturn(tenant: string, returned: StandInDocument): void {
    this.returns.set(`${tenant}/${returned.id}`, returned);
  }

  putSettings(tenant: string, site: string, rewardpoints: unknown): void {
    this.mixins.set(`${tenant}/${site}/couponSettings`, { rewardpoints });
  }

  /** To be used in the place of the platform's `fetch`. */
  readonly fetch = async (url: string, init: Init = {}): Promise<Response> => {
    const request = this.#received(url, init);
    this.requests.push(request);
    const fault = this.#once.get(request.operation)?.shift() ?? this.#always.get(request.operation) ?? null;
    return this.#answer(request, fault, init.signal);
  };

  async #answer(request: ReceivedRequest, fault: Fault | null, signal: AbortSignal | undefined): Promise<Response> {
    if (fault === null) return this.#act(request);
    if (typeof fault === "number") return refusal(fault);
    if (typeof fault === "object") return refusal(fault.status, fault);
    switch (fault) {
      case "drop-after-acting":
        this.#act(request);
        throw new TypeError(`Network connection lost: ${request.path}`);
      case "drop-before-acting":
        throw new TypeError(`Network connection lost: ${request.path}`);
      case "hang-after-acting":
        this.#act(request);
        return this.#never(signal);
      case "act-late":
        this.#late.push(() => void this.#act(request));
        return this.#never(signal);
      case "hang-before-acting":
        return this.#never(signal);
      case "garbage-after-acting":
        return new Response("<html>", { status: this.#act(request).status === 201 ? 201 : 200 });
      case "garbage":
        return new Response("<html>", {
          status: request.method === "POST" && request.operation !== "token" ? 201 : 200,
        });
      case "redirect":
        return new Response(null, { status: 302, headers: { Location: "https://elsewhere.test/" } });
      case "stall-after-acting":
        return this.#stalling(this.#act(request).status);
      case "overlong-after-acting":
        return overlong(this.#act(request));
    }
  }

  /** Does what is asked. */
  #act(request: ReceivedRequest): Response {
    if (request.operation === "token") return this.#issueToken(request);
    if (request.operation === "customer.validate" || request.operation === "customer.me") {
      return this.#tellSession(request);
    }
    const unauthorized = this.#unauthorized(request);
    if (unauthorized !== null) return unauthorized;
    const [, , tenant = "", , name = "", , mixin = ""] = request.path.split("/").map(decodeURIComponent);
    switch (request.operation) {
      case "coupon.create":
        return this.#createCoupon(tenant, request.body);
      case "coupon.find":
        return this.#findCoupon(tenant, name);
      case "coupon.remove":
        return this.#removeCoupon(tenant, name);
      case "settings.find":
        return this.#findMixin(tenant, name, mixin);
      case "orders.list":
        return listed(this.orders, "lastStatusChange", request);
      case "returns.list":
        return listed(this.returns, "metadata.modifiedAt", request);
      case "site.find":
        return found(this.sites.get(`${tenant}/${name}`));
    }
  }

  #issueToken({ contentType, body }: ReceivedRequest): Response {
    const form = new URLSearchParams(body);
    const scope = form.get("scope") ?? "";
    const isForm = contentType === "application/x-www-form-urlencoded";
    if (!isForm || form.get("grant_type") !== "client_credentials") return refusal(400);
    if (form.get("client_id") !== clientId || form.get("client_secret") !== clientSecret) return refusal(401);
    const tenant = /(?:^| )tenant=([^ ]+)/.exec(scope)?.[1] ?? "";
    this.#issuedTokens += 1;
    const token = `token-${this.#issuedTokens}`;
    this.#tokens.set(token, { tenant, until: this.#now() + tokenSeconds * 1_000 });
    return json(200, {
      access_token: token,
      token_type: "Bearer",
      expires_in: tokenSeconds,
      session_idle_time: 120,
      refresh_token: "",
      refresh_token_expires_in: 0,
      scope,
    });
  }

  /** What the Customer Service says of the token that asks. A token is good for its own tenant alone. */
  #tellSession({ operation, authorization, tenant }: ReceivedRequest): Response {
    const session = this.#sessions.get(authorization?.replace(/^Bearer /, "") ?? "");
    if (session === undefined || session.until <= this.#now() || session.tenant !== tenant) return refusal(401);
    const { customerNumber } = session;
    if (operation === "customer.me") {
      return json(200, { id: customerNumber, customerNumber, contactEmail: "shopper@shop.example", active: true });
    }
    return json(200, {
      token_type: "Bearer",
      expires_in: Math.floor((session.until - this.#now()) / 1_000),
      scope: `coupon.coupon_redeem customer.customer_read_own tenant=${tenant}`,
      sessionId: "2f5b4a3e-0000-4000-8000-000000000000",
      ...(customerNumber === guestsNumber ? {} : { email: "shopper@shop.example" }),
    });
  }

  #unauthorized({ authorization, tenant }: ReceivedRequest): Response | null {
    const token = this.#tokens.get(authorization?.replace(/^Bearer /, "") ?? "");
    if (token === undefined || token.until <= this.#now()) return refusal(401);
    return token.tenant === tenant ? null : refusal(403);
  }

  #createCoupon(tenant: string, body: string): Response {
    const coupon = objectIn(body);
    const missing = coupon === null ? "a JSON object" : missingFrom(coupon);
    if (coupon === null || missing !== null) return refusal(400, {}, `There must be ${missing}.`);
    const code = String(coupon["code"]).toUpperCase();
    if (this.coupons.has(couponKey(tenant, code))) return refusal(409);
    const counted = { code, status: "VALID", redemptionCount: 0, deleted: false };
    this.coupons.set(couponKey(tenant, code), { ...coupon, ...counted });
    return json(201, { id: code });
  }

  #findCoupon(tenant: string, code: string): Response {
    const coupon = this.coupons.get(couponKey(tenant, code));
    if (coupon === undefined) return refusal(404);
    if (this.showsSellersFields) return json(200, coupon);
    const { issuedTo: _issuedTo, redemptionCount: _count, ...shown } = coupon;
    return json(200, shown);
  }

  #removeCoupon(tenant: string, code: string): Response {
    const coupon = this.coupons.get(couponKey(tenant, code));
    if (coupon === undefined || coupon.deleted) return refusal(404);
    this.coupons.set(couponKey(tenant, code), { ...coupon, deleted: true });
    return new Response(null, { status: 204 });
  }

  #findMixin(tenant: string, site: string, name: string): Response {
    return found(this.mixins.get(`${tenant}/${site}/${name}`));
  }

  #received(url: string, { method = "GET", headers = {}, body = "" }: Init): ReceivedRequest {
    const { pathname: path, searchParams: query } = new URL(url);
    const given = new Headers(headers);
    return {
      operation: operationOf(method, path),
      method,
      path,
      query,
      tenant: path.split("/")[2] ?? "",
      authorization: given.get("Authorization"),
      contentType: given.get("Content-Type"),
      body,
    };
  }

  /** Ends only when the caller gives up, which is at once in virtual time. */
  #never(signal: AbortSignal | undefined): Promise<Response> {
    this.#lettingTimePass();
    return new Promise((_, reject) => {
      const giveUp = (): void => reject(new DOMException("The operation was aborted.", "AbortError"));
      if (signal?.aborted === true) giveUp();
      else signal?.addEventListener("abort", giveUp);
    });
  }

  #stalling(status: number): Response {
    if (status === 204) return new Response(null, { status });
    this.#lettingTimePass();
    const body = new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode('{"id":')) });
    return new Response(body, { status });
  }

  /** A little later, when the caller has begun to wait. */
  #lettingTimePass(): void {
    const time = this.#time;
    if (time !== null) setTimeout(() => time.passUntilNext(), 0);
  }

  #now(): number {
    return this.#time?.now() ?? Date.now();
  }
}

/** Which operation a request is for. @throws {Error} for what none of the services has */
function operationOf(method: string, path: string): StandInOperation {
  const asked = `${method} ${path}`;
  if (/^POST \/oauth\/token$/.test(asked)) return "token";
  if (/^POST \/coupon\/[^/]+\/coupons$/.test(asked)) return "coupon.create";
  if (/^GET \/coupon\/[^/]+\/coupons\/[^/]+$/.test(asked)) return "coupon.find";
  if (/^DELETE \/coupon\/[^/]+\/coupons\/[^/]+$/.test(asked)) return "coupon.remove";
  if (/^GET \/customer\/[^/]+\/validateauthtoken$/.test(asked)) return "customer.validate";
  if (/^GET \/order-v2\/[^/]+\/salesorders$/.test(asked)) return "orders.list";
  if (/^GET \/return\/[^/]+\/returns$/.test(asked)) return "returns.list";
  if (/^GET \/customer\/[^/]+\/me$/.test(asked)) return "customer.me";
  if (/^GET \/site\/[^/]+\/sites\/[^/]+\/mixins\/[^/]+$/.test(asked)) return "settings.find";
  if (/^GET \/site\/[^/]+\/sites\/[^/]+$/.test(asked)) return "site.find";
  throw new Error(`The stand-in knows no ${asked}.`);
}

/**
 * A page of documents that changed since the moment in `q`, in the order of `member`. Understands the queries that the
 * service sends, and refuses every other one.
 */
function listed(
  documents: ReadonlyMap<string, StandInDocument>,
  member: string,
  { tenant, query }: ReceivedRequest,
): Response {
  const [pageNumber, pageSize] = [Number(query.get("pageNumber") ?? 1), Number(query.get("pageSize") ?? 16)];
  const asked = /^(?:status:\(([A-Z,]+)\) )?([\w.]+):\(>="([^"]+)"\)$/.exec(query.get("q") ?? "");
  const [, statuses, by, since = ""] = asked ?? [];
  if (by !== member || query.get("sort") !== `${member}:asc`) return refusal(400);
  const changed = (document: StandInDocument): string => {
    const inside = member.split(".").reduce<unknown>((value, name) => Object(value)[name], document);
    return new Date(String(inside)).toISOString();
  };
  const found = [...documents]
    .filter(([key, { status }]) => {
      const isAsked = statuses === undefined || statuses.split(",").includes(String(status));
      return key.startsWith(`${tenant}/`) && isAsked;
    })
    .map(([, document]) => document)
    .filter((document) => changed(document) >= since)
    .toSorted((left, right) => (changed(left) < changed(right) ? -1 : Number(changed(left) > changed(right))));
  return json(200, found.slice((pageNumber - 1) * pageSize, pageNumber * pageSize));
}

const couponKey = (tenant: string, code: string): string => `${tenant}/${code.toUpperCase()}`;

const json = (status: number, body: unknown): Response =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

const found = (kept: unknown): Response => (kept === undefined ? refusal(404) : json(200, kept));

const errorTypes: Readonly<Record<number, string>> = {
  400: "validation_violation",
  403: "insufficient_permissions",
  404: "resource_not_found",
  409: "conflict_resource",
};

/** An error as the contracts write it: 401 comes from the gateway, and has a form of its own. */
function refusal(status: number, { headers, body }: Partial<Refusal> = {}, message = "Refused."): Response {
  const fault = { faultstring: "Invalid access token", detail: { errorcode: "oauth.v2.InvalidAccessToken" } };
  const problem = { status, type: errorTypes[status] ?? "internal_service_error", message };
  const text = body ?? JSON.stringify(status === 401 ? { fault } : problem);
  return new Response(text, { status, headers: { "Content-Type": "application/json", ...headers } });
}

/** A good answer, with 4 MiB of spaces after it. */
function overlong({ status, body }: Response): Response {
  if (body === null) return new Response(null, { status });
  const padding = new TextEncoder().encode(" ".repeat(64 * 1024));
  let paddings = 64;
  const flush = (stream: TransformStreamDefaultController<Uint8Array>): void => {
    for (; paddings > 0; paddings -= 1) stream.enqueue(padding);
  };
  return new Response(body.pipeThrough(new TransformStream({ flush })), { status });
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

/** What a coupon that is to be created lacks by the contract; null when nothing. */
function missingFrom(coupon: Readonly<Record<string, unknown>>): string | null {
  const { code, name, discountType, discountPercentage, discountAbsolute, allowAnonymous, restrictions } = coupon as {
    readonly [member: string]: unknown;
    readonly discountAbsolute?: { readonly amount?: unknown; readonly currency?: unknown };
    readonly restrictions?: { readonly [member: string]: unknown };
  };
  if (typeof code !== "string" || typeof name !== "string" || name === "") return "a code and a name";
  if (discountType === "PERCENT") {
    const isShare = typeof discountPercentage === "number" && discountPercentage >= 0 && discountPercentage <= 100;
    if (!isShare || discountAbsolute !== undefined) return "a percentage alone";
  } else if (discountType === "ABSOLUTE") {
    const { amount, currency } = discountAbsolute ?? {};
    const isMoney = typeof amount === "number" && amount >= 0 && /^[A-Z]{3}$/.test(String(currency));
    if (!isMoney || discountPercentage !== undefined) return "an amount alone";
  } else {
    return "a kind of discount";
  }
  if (allowAnonymous === true && coupon["maxRedemptionsPerCustomer"] !== undefined) return "no limit per customer";
  if (allowAnonymous === true && restrictions?.["validFor"] !== undefined) return "no customers";
  const moments = [restrictions?.["validFrom"], restrictions?.["validUntil"]].filter((value) => value !== undefined);
  const areIso = moments.every((value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(String(value)));
  return areIso ? null : "moments in ISO 8601";
}

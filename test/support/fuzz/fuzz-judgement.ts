import { isCurrency } from "../../../src/platform/values/currency.ts";
import { smallestAmount } from "../../../src/platform/values/money.ts";
import { isTimeZone } from "../../../src/platform/values/time-zone.ts";
import type { Answer } from "../shop.ts";
import { everyScope } from "../tokens.ts";
import { type Breakage, read } from "./fuzz-breakages.ts";
import type { ApiDocument, DocumentedAnswer, Operation } from "./fuzz-document.ts";
import { type Caller, customerCallers, customerOf, type Request } from "./fuzz-requests.ts";

/** The scopes of each caller who has some. */
export const scopesOf: Readonly<Partial<Record<Caller, string>>> = {
  employee: `${everyScope} coupon.coupon_manage coupon.coupon_redeem coupon.coupon_redeem_on_behalf`,
  viewer: "rewardspoints.rewardpoints_view coupon.coupon_read",
  cashier: "coupon.coupon_redeem",
  checkout: "coupon.coupon_redeem coupon.coupon_redeem_on_behalf",
  stranger: `${everyScope} coupon.coupon_manage coupon.coupon_redeem coupon.coupon_redeem_on_behalf`,
};

const withoutToken: ReadonlySet<Caller> = new Set(["nobody", "garbage", "expired"]);

/** The status with which `caller` is kept out of `operation`; null for whom the document lets in. */
export function refusalOf({ security, path }: Operation, caller: Caller): 401 | 403 | null {
  if (security.length === 0) return null;
  if (withoutToken.has(caller)) return 401;
  if (caller === "stranger" && path.includes("{tenant}")) return 403;
  const held = scopesOf[caller]?.split(" ") ?? [];
  const isLetIn = security.some(({ OAuth2: scopes, CustomerAccessToken: customers }) => {
    if (customers !== undefined && customerCallers.includes(caller)) return true;
    return scopes?.every((scope) => held.includes(scope)) ?? false;
  });
  return isLetIn ? null : 403;
}

/** What a request's operation forbids and JSON Schema has no words for. */
interface Rule {
  readonly words: string;
  /** `perhaps`: it depends on what is stored. */
  readonly broken: (request: Request, document: ApiDocument) => boolean | "perhaps";
}

const momentPattern = /^\d{4}-\d\d-\d\dT/;
const firstMoment = Date.parse("0000-01-01T00:00:00.000Z");
const lastMoment = Date.parse("9999-12-31T23:59:59.999Z");

const rules: readonly Rule[] = [
  {
    words:
      "a merchant's coupon has a discount, and conditions that go together; test/coupons/http/merchant-coupons.test.ts",
    broken: ({ operation: { method, path } }) =>
      /^\/coupon\/\{tenant\}\/coupons(?:\/\{code\})?$/.test(path) && /^P/.test(method) ? "perhaps" : false,
  },
  {
    words: "a query consists of terms; test/coupons/http/coupons.test.ts",
    broken: ({ operation: { path }, parameters }) =>
      path.startsWith("/coupon/") && parameterOf(parameters, "q") !== undefined ? "perhaps" : false,
  },
  {
    words: "a referral coupon has a value only where its site says so",
    broken: ({ operation: { method, path } }) =>
      path.includes("/referral-coupons/") && method === "POST" ? "perhaps" : false,
  },
  {
    words: "a guest's login names its tenant, by either name",
    broken: ({ operation: { path } }) => (path.startsWith("/customerlogin/") ? "perhaps" : false),
  },
  {
    words: "the customer of the body is that of the path",
    broken: ({ operation, parameters, body }) => {
      if (operation.path !== "/reward-points/customer/{customerId}") return false;
      const given = memberOf(body, "customerId");
      return given !== undefined && given !== parameterOf(parameters, "customerId");
    },
  },
  {
    words: "moments lie in the years 0000 to 9999 (UTC)",
    broken: ({ parameters, body }) =>
      [...textsIn(body), ...textsIn([...parameters.values()])].some((text) => {
        if (!momentPattern.test(text)) return false;
        const at = Date.parse(text);
        return at < firstMoment || at > lastMoment;
      }),
  },
  {
    words: "a coupon's validUntil comes after its validFrom",
    broken: ({ body }) => {
      const restrictions = memberOf(memberOf(body, "coupon"), "restrictions");
      const from = memberOf(restrictions, "validFrom");
      const until = memberOf(restrictions, "validUntil");
      return from !== undefined && until !== undefined && Date.parse(String(until)) <= Date.parse(String(from));
    },
  },
  {
    words: "a coupon's amounts are in currencies that there are, and of one currency",
    broken: ({ body }) => {
      const amounts = amountsOf(body).filter((amount) => amount !== undefined);
      const currencies = amounts.map((amount) => String(memberOf(amount, "currency")).toUpperCase());
      return currencies.some((currency) => !isCurrency(currency)) || new Set(currencies).size > 1;
    },
  },
  {
    words: "a coupon is used in currencies that there are",
    broken: ({ body }) =>
      ["orderTotal", "discount"]
        .map((name) => memberOf(memberOf(body, name), "currency"))
        .some((currency) => currency !== undefined && !isCurrency(String(currency))),
  },
  {
    words: "a customer's page of coupons has a hundred at most",
    broken: ({ operation, caller, parameters }) =>
      operation.path === "/coupon/{tenant}/coupons" &&
      customerCallers.includes(caller) &&
      Number(parameterOf(parameters, "pageSize") ?? 0) > 100,
  },
  {
    words: "a coupon takes off a coin at least",
    broken: ({ body }) => {
      const [discount] = amountsOf(body);
      const currency = String(memberOf(discount, "currency"));
      return isCurrency(currency) && Number(memberOf(discount, "amount")) < smallestAmount(currency);
    },
  },
  {
    words: "an option is not written once its coupon is over",
    // Written before, or by no option's id, it is answered otherwise.
    broken: ({ body }) => {
      const until = memberOf(memberOf(memberOf(body, "coupon"), "restrictions"), "validUntil");
      return until !== undefined && Date.parse(String(until)) <= Date.now() + 60_000 && "perhaps";
    },
  },
  {
    words: "q names each field once, none that is a parameter, and values that the parameter could have",
    broken: ({ operation, parameters }) => {
      if (operation.path.startsWith("/site/")) return false;
      const terms = String(parameterOf(parameters, "q") ?? "")
        .split(" ")
        .filter((term) => term !== "")
        .map((term) => term.split(":"));
      const fields = terms.map(([field]) => field ?? "");
      if (new Set(fields).size < fields.length) return true;
      if (fields.some((field) => parameterOf(parameters, field) !== undefined)) return true;
      return terms.some(([field, value = ""]) => {
        const parameter = operation.parameters.find(({ name, in: place }) => name === field && place === "query");
        return parameter?.shape.accepts(read(value, parameter.shape.schema)) === false;
      });
    },
  },
  {
    words: "a site is in currencies and in a time zone that there are",
    broken: ({ operation, body }) => {
      if (!isSiteWritten(operation) || operation.method === "PATCH") return false;
      const currencies = [memberOf(body, "currency"), memberOf(body, "availableCurrencies") ?? []].flat();
      const timeZone = memberOf(memberOf(body, "homeBase"), "timezone");
      const isKnown = (currency: unknown) => currency === "XXX" || isCurrency(String(currency));
      return !currencies.every(isKnown) || (timeZone !== undefined && !isTimeZone(String(timeZone)));
    },
  },
  {
    words: "what is in a site's mixins and services is checked, and so is a site that is changed in part",
    broken: ({ operation: { method, path }, parameters, body }) => {
      if (!isSiteWritten({ method, path })) return false;
      const isChecked = ["mixins", "metadata", "shipping", "payment", "tax"].some(
        (name) => memberOf(body, name) !== undefined,
      );
      const isRenamed = method === "PUT" && memberOf(body, "code") !== parameterOf(parameters, "siteCode");
      return (method === "PATCH" || isChecked || isRenamed) && "perhaps";
    },
  },
  {
    words: "a setting has one value, whatever its names",
    broken: ({ operation, body }) => {
      if (!operation.path.includes("/mixins") || operation.method === "PATCH") return false;
      const inner = memberOf(body, "couponSettings");
      const settings = memberOf(inner ?? body, "rewardpoints");
      const isTwofold = [
        ["enabled", "enable"],
        ["codePrefix", "couponPrefix"],
      ].some(([name = "", alias = ""]) => {
        const [value, other] = [memberOf(settings, name), memberOf(settings, alias)];
        return value !== undefined && other !== undefined && value !== other;
      });
      // Of another mixin, it is nobody's setting.
      return isTwofold && "perhaps";
    },
  },
  {
    words: "what is stored as couponSettings holds settings that can be read",
    broken: ({ operation, parameters, body }, document) => {
      const { method, path } = operation;
      if (!path.endsWith("/mixins/{mixinName}") || parameterOf(parameters, "mixinName") !== "couponSettings")
        return false;
      if (method === "PATCH") return "perhaps";
      if (method !== "PUT") return false;
      const names = Object.keys(body as object);
      const inner = names.length === 1 ? memberOf(body, "couponSettings") : undefined;
      const isWrapped = typeof inner === "object" && inner !== null && !Array.isArray(inner);
      return !document.component("NamedMixins").accepts({ couponSettings: isWrapped ? inner : body });
    },
  },
];

/** Whether an operation writes a site itself. */
const isSiteWritten = ({ method, path }: Pick<Operation, "method" | "path">): boolean =>
  /^\/site\/\{tenant\}\/sites(?:\/\{siteCode\})?$/.test(path) && /^P/.test(method);

/** A coupon's discount and least order value. */
const amountsOf = (body: unknown): readonly [discount: unknown, minOrderValue: unknown] => {
  const coupon = memberOf(body, "coupon");
  return [memberOf(coupon, "discountAbsolute"), memberOf(memberOf(coupon, "restrictions"), "minOrderValue")];
};

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

const parameterOf = (parameters: Request["parameters"], name: string): unknown =>
  [...parameters].find(([parameter]) => parameter.name === name)?.[1];

function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** What is wrong with the answer to a request; null when it is what the document promises. */
export function faultOf(
  { request, breakage, answer }: { request: Request; breakage: Breakage | null; answer: Answer },
  document: ApiDocument,
): string | null {
  const { operation, caller } = request;
  if (answer.status >= 500) return "the service failed";
  if (!answer.headers.has("X-Request-Id")) return "there is no X-Request-Id";
  if (breakage?.isNoOperation) return faultOfNoOperation(breakage, answer, document);
  return (
    faultOfForm(operation, answer) ??
    faultOfAccess(request, breakage, answer) ??
    (refusalOf(operation, caller) === null ? faultOfOutcome(request, breakage, answer, document) : null)
  );
}

/** Answers that belong to no operation have the shapes of the contract that their path belongs to. */
function faultOfNoOperation({ status, message }: Breakage, answer: Answer, document: ApiDocument): string | null {
  if (answer.status !== status) return `the answer should be ${status}`;
  if (status === 405 && (answer.headers.get("Allow") ?? "") === "") return "there is no Allow";
  const flaw = document.component(errorNameOf(message.path, status)).flaw(answer.body);
  return flaw === null ? null : `the body is not of the shape that errors have: ${flaw}`;
}

function errorNameOf(path: string, status: Breakage["status"]): string {
  if (path.startsWith("/coupon/")) return "ErrorMessage";
  if (path.startsWith("/site/")) return "SiteErrorMessage";
  if (path.startsWith("/oauth/") || path.startsWith("/customerlogin/")) return "OAuthError";
  return status === 404 ? "NotFound" : "Problem";
}

/** Whether status, headers and body are as documented. */
function faultOfForm(operation: Operation, answer: Answer): string | null {
  const documented = operation.answers.get(answer.status);
  if (documented === undefined) return "the status is not documented";
  for (const name of ["idempotency-replayed", "x-total-count", "x-count", "items-count", "retry-after"]) {
    const text = answer.headers.get(name);
    if (text === null) continue;
    const shape = documented.headers.get(name);
    if (shape === undefined) return `${name} is not documented`;
    if (!shape.accepts(read(text, shape.schema))) return `${name} is '${text}', which is not of its documented shape`;
  }
  if (answer.status === 401 && !answer.headers.has("WWW-Authenticate")) return "there is no WWW-Authenticate";
  return faultOfBody(documented, answer);
}

function faultOfBody({ content }: DocumentedAnswer, { headers, body }: Answer): string | null {
  const contentType = headers.get("Content-Type");
  if (content.size === 0) return body === "" ? null : "there is a body where none is documented";
  const mediaType = contentType?.split(";")[0] ?? "";
  const shape = content.get(mediaType);
  if (shape === undefined) return `the body is '${mediaType}', which is not documented`;
  const flaw = shape.flaw(body);
  return flaw === null ? null : `the body is not of the documented shape: ${flaw}`;
}

/** Whether exactly those are kept out whom the document keeps out. */
function faultOfAccess(request: Request, breakage: Breakage | null, answer: Answer): string | null {
  const { operation, caller } = request;
  const refusal = refusalOf(operation, caller);
  const isSigned = parameterOf(request.parameters, "emporix-event-signature") !== undefined;
  // A signature that nobody has made: nothing makes up for it, and there may be something else to refuse.
  if (isSigned) return answer.status >= 400 && answer.status < 500 ? null : "a made-up signature was taken";
  if (refusal !== null) return answer.status === refusal ? null : `the answer should be ${refusal}`;
  if (answer.status === 401) return operation.security.length === 0 ? null : "a good token was refused";
  const isExpected = answer.status === breakage?.status;
  if (answer.status === 403 && !isExpected && !namesAnother(request) && !asksForInactive(request))
    return "a caller with the right to it was refused";
  return null;
}

/** Whether a caller who may only do so in some names asks for something in another's name. */
function namesAnother({ operation, caller, parameters, body }: Request): boolean {
  const named = memberOf(body, "customerNumber") ?? parameterOf(parameters, "customerNumber") ?? null;
  if (named === null) return false;
  // Whoever may read a coupon may check and use it, but in a customer's name only those who may redeem on behalf.
  if (isUseOfCoupon(operation.path) && !customerCallers.includes(caller)) return true;
  return customerCallers.includes(caller) ? named !== customerOf(caller) : caller === "cashier";
}

const isUseOfCoupon = (path: string): boolean => /\/coupons\/\{code\}\/(validation|redemptions)$/.test(path);

/** Whether a request may be about inactive sites, which only managers of sites see. */
const asksForInactive = ({ operation: { method, path }, parameters }: Request): boolean =>
  parameterOf(parameters, "includeInactive") === true || (method === "GET" && /\/sites\/\{siteCode\}$/.test(path));

/** Whether what must be refused is refused, and nothing else is refused for how it looks. */
function faultOfOutcome(
  request: Request,
  breakage: Breakage | null,
  answer: Answer,
  document: ApiDocument,
): string | null {
  const isSigned = parameterOf(request.parameters, "emporix-event-signature") !== undefined;
  if (isSigned) return null;
  if (breakage !== null) {
    if (answer.status !== breakage.status) return `what is forbidden should be answered ${breakage.status}`;
    // Refused for what is stored, it would be taken another time.
    return answer.status !== 400 || isRefusedForItsLooks(answer) ? null : "what is forbidden was not noticed";
  }
  if (answer.status === 413 || answer.status === 415) return "a request as documented was refused";
  const verdicts = rules.map((rule) => [rule.words, rule.broken(request, document)] as const);
  const forbidden = verdicts.find(([, isBroken]) => isBroken === true);
  const refused = isRefusedForItsLooks(answer);
  if (forbidden !== undefined) return refused ? null : `a rule was not kept: ${forbidden[0]}`;
  const perhaps = verdicts.some(([, isBroken]) => isBroken === "perhaps");
  return refused && !perhaps ? "a request as documented was refused" : null;
}

/** Whether an answer says that a request is not as documented, in any of the shapes that say so. */
function isRefusedForItsLooks({ status, body }: Answer): boolean {
  if (status !== 400) return false;
  const { details, message, detail, error } = body as Record<string, unknown>;
  if (message === "The request violates validation constraints.") return true;
  if (Array.isArray(details)) return detail !== undefined || memberOf(details[0], "type") === "malformed_body";
  return error === "invalid_request" || detail === "The body is not valid JSON.";
}

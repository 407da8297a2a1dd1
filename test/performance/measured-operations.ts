import { couponUse, type PreparedShop } from "../support/prepared-shop.ts";
import { tenPercentOff } from "../support/shop.ts";

/** A request, with what its path's parameters stand for in `path`. */
export interface Request {
  /** As the OpenAPI document names it. */
  readonly operation: string;
  /** Instead of what {@link PreparedShop} has under the parameters' names. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly json?: unknown;
  /** Instead of `json`. */
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose token it carries; an employee's with all scopes unless given. */
  readonly as?: "customer" | "nobody";
}

/** The isolate and the customer's object have served the customer before, or not. */
export type State = "cold" | "warm";

/** What is measured, in a shop of its own: cold and then warm. */
export interface MeasuredOperation {
  /** What is special about it; empty for the usual case. */
  readonly variant: string;
  readonly request: (shop: PreparedShop, state: State) => Request;
  readonly status: number;
  /** Whether it can be done once only, so that it is measured in two shops. */
  readonly once?: true;
  /** Whether it looks at the seals of the ledger. */
  readonly isAudit?: true;
  /**
   * Sent before, and not measured: in another isolate when it is measured cold, in the same one when warm.
   * The same request is what makes a repetition.
   */
  readonly before?: MeasuredOperation["request"];
  /** Whether `before` is sent in another isolate when it is measured warm, too. */
  readonly isElsewhere?: true;
}

const points = { points: 5, validUntil: "2199-01-01T00:00:00Z" };
const keyed = (state: State) => ({ headers: { "Idempotency-Key": `once-${state}` } });
const count = { headers: { "X-Total-Count": "true" } };
const option = { type: "coupon", name: "Another", points: 1, coupon: tenPercentOff };
const settings = { rewardpoints: { enabled: true, orderValueToRewardPointsFactor: 1 } };
/** Mixins of this name are settings, which KV has. */
const ofSettings = { siteCode: "main", mixinName: "couponSettings" };
const event = { type: "x", payload: {} };

const always =
  (operation: string, more: Omit<Request, "operation"> = {}) =>
  (): Request => ({ operation, ...more });

const read = (operation: string, more: Omit<Request, "operation"> = {}, variant = ""): MeasuredOperation => ({
  variant,
  request: always(operation, more),
  status: 200,
});

/** The usual case, the same with a key, and its repetition with the key. */
const keyable = (status: number, request: MeasuredOperation["request"]): readonly MeasuredOperation[] => {
  const withKey = (shop: PreparedShop, state: State): Request => ({ ...request(shop, state), ...keyed(state) });
  return [
    { variant: "", request, status },
    { variant: "with a key", request: withKey, status },
    { variant: "again with its key", request: withKey, before: withKey, status },
  ];
};

const addPoints = "POST /reward-points/customer/{customerId}/addPoints";
const createEntry = "POST /reward-points/customer/{customerId}";
const redeem = "POST /reward-points/public/customer/redeem";
const exchange = ({ optionId }: PreparedShop): Request => ({
  operation: redeem,
  json: { id: optionId },
  as: "customer",
});
const used = ({ usedCode, redemptionId }: PreparedShop) => ({ code: usedCode, id: redemptionId });

/** Every operation of the OpenAPI document, and what makes a difference to its round trips. */
export const measuredOperations: readonly MeasuredOperation[] = [
  read("GET /reward-points/public/customer", { as: "customer" }),
  read("GET /reward-points/public/customer/summary", { as: "customer" }),
  read("GET /reward-points/public/customer/explain", { as: "customer" }),
  read("GET /reward-points/public/customer/redeemOptions", { as: "customer" }),
  ...keyable(200, exchange),
  {
    variant: "again with its key, after another object has carried it out",
    request: (shop, state) => ({ ...exchange(shop), ...keyed(state) }),
    before: (shop, state) => ({ ...exchange(shop), ...keyed(state) }),
    isElsewhere: true,
    status: 200,
  },
  {
    variant: "of an option that there is not",
    request: always(redeem, { json: { id: "nothing" }, as: "customer" }),
    status: 404,
  },
  read("GET /reward-points/public/customer/coupons", { as: "customer" }),
  {
    variant: "",
    request: always("DELETE /reward-points/public/customer/coupons/{code}", { as: "customer" }),
    once: true,
    status: 204,
  },

  read("GET /reward-points/summaryBatch"),
  read("GET /reward-points/summaryBatch", { query: "pageNumber=1", ...count }, "a page, with the total"),
  read("GET /reward-points/customer/{customerId}"),
  {
    variant: "without points",
    request: (_, state) => ({ operation: createEntry, path: { customerId: `new-${state}` }, json: {} }),
    status: 200,
  },
  {
    variant: "with points without an end",
    request: (_, state) => ({
      operation: createEntry,
      path: { customerId: `new-${state}` },
      json: { startPoints: { points: 5 } },
    }),
    status: 200,
  },
  { variant: "", request: always("DELETE /reward-points/customer/{customerId}"), once: true, status: 200 },
  read("GET /reward-points/customer/{customerId}/summary"),
  read("GET /reward-points/customer/{customerId}/explain"),
  { ...read("GET /reward-points/customer/{customerId}/verify"), isAudit: true },
  ...keyable(201, always(addPoints, { json: points })),
  { variant: "without an end", request: always(addPoints, { json: { points: 5 } }), status: 201 },
  ...keyable(201, always("POST /reward-points/customer/{customerId}/redeemPoints", { json: { points: 5 } })),

  read("GET /reward-points/{tenant}/redeemOptions"),
  ...keyable(200, always("POST /reward-points/{tenant}/redeemOptions", { json: option })),
  {
    variant: "",
    request: ({ optionId }) => ({
      operation: "PUT /reward-points/{tenant}/redeemOptions/{redeemOptionId}",
      path: { redeemOptionId: optionId },
      json: option,
    }),
    status: 200,
  },
  {
    variant: "",
    request: ({ optionId }) => ({
      operation: "DELETE /reward-points/{tenant}/redeemOptions/{redeemOptionId}",
      path: { redeemOptionId: optionId },
    }),
    once: true,
    status: 204,
  },

  { variant: "", request: always("POST /reward-points/{tenant}/events", { json: event }), status: 202 },
  read("GET /reward-points/{tenant}/events"),
  read("GET /reward-points/{tenant}/events", count, "with the total"),
  read("GET /reward-points/{tenant}/events/{eventId}"),
  { variant: "", request: always("POST /reward-points/{tenant}/events/{eventId}/replay"), status: 202 },

  read("GET /coupon/{tenant}/coupons"),
  read("GET /coupon/{tenant}/coupons", { query: "totalCount=true" }, "with the total"),
  read("GET /coupon/{tenant}/coupons/{code}"),
  { variant: "", request: always("DELETE /coupon/{tenant}/coupons/{code}"), once: true, status: 204 },
  { ...read("POST /coupon/{tenant}/coupons/{code}/validation", { json: couponUse }) },
  {
    variant: "",
    request: (shop) => ({ operation: "GET /coupon/{tenant}/coupons/{code}/redemptions", path: used(shop) }),
    status: 200,
  },
  {
    variant: "with the total",
    request: (shop) => ({
      operation: "GET /coupon/{tenant}/coupons/{code}/redemptions",
      path: used(shop),
      query: "totalCount=true",
    }),
    status: 200,
  },
  ...keyable(201, always("POST /coupon/{tenant}/coupons/{code}/redemptions", { json: couponUse })),
  {
    variant: "",
    request: (shop) => ({ operation: "GET /coupon/{tenant}/coupons/{code}/redemptions/{id}", path: used(shop) }),
    status: 200,
  },
  {
    variant: "",
    request: (shop) => ({ operation: "DELETE /coupon/{tenant}/coupons/{code}/redemptions/{id}", path: used(shop) }),
    once: true,
    status: 204,
  },

  read("GET /site/{tenant}/sites/{siteCode}/mixins"),
  ...keyable(201, (_, state) => ({
    operation: "POST /site/{tenant}/sites/{siteCode}/mixins",
    json: { [`mixin-${state}`]: {} },
  })),
  read("GET /site/{tenant}/sites/{siteCode}/mixins/{mixinName}"),
  read("PUT /site/{tenant}/sites/{siteCode}/mixins/{mixinName}", { json: { other: true } }),
  read("PUT /site/{tenant}/sites/{siteCode}/mixins/{mixinName}", { path: ofSettings, json: settings }, "settings"),
  read("PATCH /site/{tenant}/sites/{siteCode}/mixins/{mixinName}", { json: { other: true } }),
  {
    variant: "",
    request: always("DELETE /site/{tenant}/sites/{siteCode}/mixins/{mixinName}"),
    once: true,
    status: 204,
  },

  {
    variant: "",
    request: ({ tenant }) => ({
      operation: "POST /oauth/token",
      form: { grant_type: "client_credentials", client_id: tenant, client_secret: clientSecret },
      as: "nobody",
    }),
    status: 200,
  },
  read("GET /.well-known/jwks.json", { as: "nobody" }),
  read("GET /health", { as: "nobody" }),
  read("GET /openapi.json", { as: "nobody" }),
];

/** Of the API clients that the shops have, each under its tenant's name. */
export const clientSecret = "a secret";

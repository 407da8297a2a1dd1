import { z } from "zod";
import type { Coupon, CouponCode, CouponRestrictions } from "../../ledger/rules/exchange/coupon.ts";
import type {
  CouponCreation,
  CouponRemoval,
  CouponService,
  CouponSighting,
} from "../../ledger/use-cases/exchange-ports.ts";
import { lazy } from "../../platform/runtime/lazy.ts";
import type { Logger } from "../../platform/runtime/ports.ts";
import type { EmporixAccess } from "../../platform/upstream/emporix-access.ts";
import { pathSegment } from "../../platform/upstream/path-segment.ts";
import { UpstreamCalls, type UpstreamOutcome, type UpstreamServices } from "../../platform/upstream/upstream-calls.ts";
import { refusalReason, saysNotFound } from "../../platform/upstream/upstream-status.ts";
import type { UpstreamBudget, UpstreamLimits } from "../../platform/upstream/upstream-time.ts";
import type { TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";

/** Limits of one call to the coupon service, including the look-up that may follow it. */
export const couponCallLimits: UpstreamLimits = { attemptMsMax: 2_500, callMsMax: 6_000, attemptsMax: 3 };

const createdAnswer = z.object({ id: z.string() });

const couponAnswer = lazy(() =>
  z.object({
    name: z.string(),
    discountType: z.string(),
    code: z.string().nullish(),
    issuedTo: z.string().nullish(),
    status: z.enum(["INACTIVE", "VALID", "EXPIRED", "USED"]).nullish().catch(null),
    redemptionCount: z.int().min(0).nullish(),
    deleted: z.boolean().nullish(),
  }),
);

/** What a look-up of a code shows; null when it is inconclusive. */
type Look =
  | { readonly kind: "absent" }
  | ({ readonly kind: "there" } & z.output<ReturnType<typeof couponAnswer>>)
  | null;

const scopes = ["coupon.coupon_manage"];

/**
 * Emporix's Coupon Service. Use one instance per isolate, because it remembers its tokens. It sends codes in upper
 * case, as Emporix stores them unless a tenant has switched that off. Codes must therefore be chosen in upper case;
 * otherwise customers see another code than the stored one.
 */
export class EmporixCouponService implements CouponService {
  readonly #baseUrl: string;
  readonly #calls: UpstreamCalls;
  readonly #log: Logger;

  constructor({ baseUrl, ...client }: EmporixAccess, services: UpstreamServices) {
    this.#baseUrl = baseUrl;
    this.#calls = new UpstreamCalls({ ...client, scopes }, services);
    this.#log = services.log;
  }

  async create(coupon: Coupon): Promise<CouponCreation> {
    const { tenant, code } = coupon;
    const budget = this.#calls.budget(couponCallLimits);
    const operation = "coupon.create";
    const url = this.#couponsUrl(tenant);
    const request = { operation, tenant, method: "POST", url, json: couponToWire(coupon) } as const;
    const outcome = await this.#calls.call(request, budget);
    if (outcome.kind === "unknown") return outcome;
    if (outcome.kind === "unauthorized") return this.#refused(operation, tenant, outcome.reason);
    const { status, body, doubtful } = outcome;
    if (status === 201 && isSameCode(createdAnswer.safeParse(body).data?.id, code)) return { kind: "created" };
    const isRefusal = status >= 400 && status !== 409;
    if (isRefusal && !doubtful) return this.#refused(operation, tenant, refusalReason(status, body));
    // A conflict, an unexpected success, or a refusal after an attempt that may have taken effect.
    return this.#resolve(coupon, status === 409, budget);
  }

  async find(tenant: TenantId, code: CouponCode): Promise<CouponSighting> {
    const look = await this.#look(tenant, code, this.#calls.budget(couponCallLimits));
    if (look === null) return { kind: "unknown" };
    if (look.kind === "absent" || look.deleted === true) return { kind: "absent" };
    const { issuedTo = null, status = null, redemptionCount = null } = look;
    if (redemptionCount === null) return this.#notRelied("coupon.find", tenant, "usage not shown");
    return { kind: "found", issuedTo, status, redemptionCount };
  }

  async remove(tenant: TenantId, code: CouponCode): Promise<CouponRemoval> {
    const operation = "coupon.remove";
    const url = this.#urlOf(tenant, code);
    if (url === null) return { kind: "absent" };
    const request = { operation, tenant, method: "DELETE", url } as const;
    const outcome = await this.#calls.call(request, this.#calls.budget(couponCallLimits));
    if (outcome.kind === "unknown") return outcome;
    if (outcome.kind === "unauthorized") return this.#refused(operation, tenant, outcome.reason);
    const { status, body, doubtful } = outcome;
    // 204 is the contract's only success. Any other answer may come from a proxy.
    if (status === 204) return { kind: "removed" };
    if (saysNotFound(status, body)) return { kind: "absent" };
    const isRefusal = status >= 400 && status !== 404;
    if (isRefusal && !doubtful) return this.#refused(operation, tenant, refusalReason(status, body));
    return this.#notRelied(operation, tenant, refusalReason(status, body));
  }

  /** Looks up the coupon to decide what became of its creation. */
  async #resolve(coupon: Coupon, isConflict: boolean, budget: UpstreamBudget): Promise<CouponCreation> {
    const { tenant, code, issuedTo } = coupon;
    const look = await this.#look(tenant, code, budget);
    if (look === null) return { kind: "unknown" };
    // The coupon may be about to appear.
    if (look.kind === "absent") return this.#notRelied("coupon.create", tenant, "nothing there");
    if (look.deleted === true) return isConflict ? { kind: "taken" } : { kind: "unknown" };
    if (look.issuedTo === issuedTo) return { kind: "created" };
    // If we mistook our own coupon for another customer's, we would issue a second one for the same points.
    if (typeof look.issuedTo !== "string") return this.#notRelied("coupon.create", tenant, "owner not shown");
    return isConflict ? { kind: "taken" } : { kind: "unknown" };
  }

  async #look(tenant: TenantId, code: CouponCode, budget: UpstreamBudget): Promise<Look> {
    const operation = "coupon.find";
    const url = this.#urlOf(tenant, code);
    if (url === null) return { kind: "absent" };
    const request = { operation, tenant, method: "GET", url } as const;
    const outcome: UpstreamOutcome = await this.#calls.call(request, budget);
    if (outcome.kind === "unknown") return null;
    if (outcome.kind === "unauthorized") return this.#notSeen(tenant, outcome.reason);
    const { status, body } = outcome;
    if (saysNotFound(status, body)) return { kind: "absent" };
    const answer = couponAnswer().safeParse(status === 200 ? body : undefined);
    const shown = answer.data?.code;
    if (!answer.success || (typeof shown === "string" && !isSameCode(shown, code))) {
      return this.#notSeen(tenant, refusalReason(status, body));
    }
    return { kind: "there", ...answer.data };
  }

  #refused(operation: string, tenant: TenantId, reason: string): { readonly kind: "refused"; readonly reason: string } {
    this.#log.warn("upstream_refused", { operation, tenant, reason });
    return { kind: "refused", reason };
  }

  #notSeen(tenant: TenantId, reason: string): null {
    this.#notRelied("coupon.find", tenant, reason);
    return null;
  }

  /** The service has answered, but its answer is inconclusive. */
  #notRelied(operation: string, tenant: TenantId, reason: string): { readonly kind: "unknown" } {
    this.#log.warn("upstream_answer_inconclusive", { operation, tenant, reason });
    return { kind: "unknown" };
  }

  #couponsUrl(tenant: TenantId): string {
    return `${this.#baseUrl}/coupon/${tenant}/coupons`;
  }

  /** Null for a text that cannot be a code: codes can come from customers. */
  #urlOf(tenant: TenantId, code: CouponCode): string | null {
    const segment = pathSegment(storedCode(code));
    return segment === null ? null : `${this.#couponsUrl(tenant)}/${segment}`;
  }
}

const storedCode = (code: string): string => code.toUpperCase();

const isSameCode = (shown: string | undefined, code: CouponCode): boolean =>
  shown !== undefined && storedCode(shown) === storedCode(code);

/**
 * The body of a creation. It leaves out the fields that the contract forbids with `allowAnonymous`; such a definition
 * has only their defaults.
 */
function couponToWire({ code, definition, issuedTo }: Coupon): object {
  const { maxRedemptionsPerCustomer, restrictions, description, ...rest } = definition;
  const { allowAnonymous } = definition;
  return {
    code: storedCode(code),
    ...rest,
    ...(rest.discountType === "ABSOLUTE" ? { discountAbsolute: moneyToWire(rest.discountAbsolute) } : {}),
    ...(description === undefined ? {} : { description }),
    ...(allowAnonymous ? {} : { maxRedemptionsPerCustomer }),
    ...(restrictions === undefined ? {} : { restrictions: restrictionsToWire(restrictions, allowAnonymous) }),
    issuedTo,
  };
}

function restrictionsToWire(restrictions: CouponRestrictions, allowAnonymous: boolean): object {
  const { validFor, validFrom, validUntil, minOrderValue } = restrictions;
  return {
    ...(validFor === undefined || allowAnonymous ? {} : { validFor }),
    ...(validFrom === undefined ? {} : { validFrom: timestamp(validFrom) }),
    ...(validUntil === undefined ? {} : { validUntil: timestamp(validUntil) }),
    ...(minOrderValue === undefined ? {} : { minOrderValue: moneyToWire(minOrderValue) }),
  };
}

const moneyToWire = ({ amount, currency }: { readonly amount: number; readonly currency: string }): object => ({
  amount,
  currency: currency.toUpperCase(),
});

const timestamp = (moment: EpochMs): string => new Date(moment).toISOString();

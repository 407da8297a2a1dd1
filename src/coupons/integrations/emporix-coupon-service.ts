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

/** What one call to the coupon service may take, a look at what is there included. */
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

/** What a look at a code shows; null when it shows nothing that can be relied on. */
type Look =
  | { readonly kind: "absent" }
  | ({ readonly kind: "there" } & z.output<ReturnType<typeof couponAnswer>>)
  | null;

const scopes = ["coupon.coupon_manage"];

/**
 * Emporix's Coupon Service. One instance an isolate is enough, and better: it remembers its tokens. Codes are sent in upper case, as it stores them unless a tenant has switched that off:
 * whoever chooses codes for it must choose them in upper case, or a customer is shown another one than is stored.
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
    // A conflict, a success that is not understood, or a refusal after an attempt that may have acted.
    return this.#settle(coupon, status === 409, budget);
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
    // The contract's only success: any other answer may come from somebody in between.
    if (status === 204) return { kind: "removed" };
    if (saysNotFound(status, body)) return { kind: "absent" };
    const isRefusal = status >= 400 && status !== 404;
    if (isRefusal && !doubtful) return this.#refused(operation, tenant, refusalReason(status, body));
    return this.#notRelied(operation, tenant, refusalReason(status, body));
  }

  /** What has become of a creation, by what is there now. */
  async #settle(coupon: Coupon, isConflict: boolean, budget: UpstreamBudget): Promise<CouponCreation> {
    const { tenant, code, issuedTo } = coupon;
    const look = await this.#look(tenant, code, budget);
    if (look === null) return { kind: "unknown" };
    // A conflict over a code that is not there: it may be about to be.
    if (look.kind === "absent") return this.#notRelied("coupon.create", tenant, "nothing there");
    if (look.deleted === true) return isConflict ? { kind: "taken" } : { kind: "unknown" };
    if (look.issuedTo === issuedTo) return { kind: "created" };
    // Taking our own coupon for somebody else's would lead to a second one for the same points.
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

  /** The service has answered, but not so that anything follows from it. */
  #notRelied(operation: string, tenant: TenantId, reason: string): { readonly kind: "unknown" } {
    this.#log.warn("upstream_answer_inconclusive", { operation, tenant, reason });
    return { kind: "unknown" };
  }

  #couponsUrl(tenant: TenantId): string {
    return `${this.#baseUrl}/coupon/${tenant}/coupons`;
  }

  /** Null for what no coupon can be called: codes can come from customers. */
  #urlOf(tenant: TenantId, code: CouponCode): string | null {
    const segment = pathSegment(storedCode(code));
    return segment === null ? null : `${this.#couponsUrl(tenant)}/${segment}`;
  }
}

const storedCode = (code: string): string => code.toUpperCase();

const isSameCode = (shown: string | undefined, code: CouponCode): boolean =>
  shown !== undefined && storedCode(shown) === storedCode(code);

/**
 * The body of a creation. Fields that the contract forbids for coupons that anybody may use are left out; the
 * definition holds nothing but their defaults then.
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

import { randomInt } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { CustomerId, SiteCode, TenantId } from "../../src/platform/values/identifiers.ts";
import { type ApiAnswer, type ApiRequest, callApi } from "../api.ts";
import type { LocalIssuer } from "../local-issuer.ts";
import { Checks, type Expected, isAsExpected } from "./checks.ts";
import type { Narrator } from "./narrator.ts";

/**
 * Who takes part. The order system and the checkout are back ends, with an employee's kind of token; a webhook has no
 * token, but a signature.
 */
export type Caller = "employee" | "customer" | "order system" | "checkout" | "webhook";

const scopes: Readonly<Record<Exclude<Caller, "customer" | "webhook">, readonly string[]>> = {
  employee: ["rewardspoints.rewardpoints_view", "rewardspoints.rewardpoints_manage", "site.site_manage"],
  "order system": ["rewardspoints.rewardpoints_manage"],
  checkout: ["coupon.coupon_read", "coupon.coupon_redeem_on_behalf"],
};

/** How often an answer is asked for that needs a moment, and how long to wait in between: 20 s in all. */
const triesMax = 80;
const retryDelayMs = 250;

/** Where a story plays, and whose it is. */
interface Setting {
  readonly tenant: TenantId;
  readonly site: SiteCode;
  readonly customerId: CustomerId;
}

/** One run of the story: a tenant and a customer of its own, and what the chapters hand on to each other. */
export class Journey implements Setting {
  readonly tenant: TenantId;
  readonly site: SiteCode;
  readonly customerId: CustomerId;
  readonly startedAt = new Date();
  /** Of the chapter in which the customer gets one. */
  couponCode = "";
  readonly narrator: Narrator;
  readonly checks: Checks;
  readonly #baseUrl: string;
  readonly #issuer: LocalIssuer;

  private constructor(baseUrl: string, issuer: LocalIssuer, narrator: Narrator, checks: Checks, setting: Setting) {
    this.tenant = setting.tenant;
    this.site = setting.site;
    this.customerId = setting.customerId;
    this.#baseUrl = baseUrl;
    this.#issuer = issuer;
    this.narrator = narrator;
    this.checks = checks;
  }

  static start(baseUrl: string, issuer: LocalIssuer, narrator: Narrator): Journey {
    const tenant = `demo-${randomLetters(6)}` as TenantId;
    const setting = { tenant, site: "main" as SiteCode, customerId: "C42" as CustomerId };
    return new Journey(baseUrl, issuer, narrator, new Checks(), setting);
  }

  /** A side story in another tenant, on a site and with a customer that nobody has used before. */
  aside(tenant: TenantId): Journey {
    const name = `aside-${randomLetters(6)}`;
    const setting = { tenant, site: name as SiteCode, customerId: name as CustomerId };
    return new Journey(this.#baseUrl, this.#issuer, this.narrator, this.checks, setting);
  }

  /**
   * Sends a request, tells it and its answer, and checks the answer.
   * @throws {UnexpectedAnswer} when it is not as expected
   */
  async call(caller: Caller, request: Omit<ApiRequest, "token">, expected: Expected): Promise<ApiAnswer> {
    this.narrator.request(caller, request);
    const answer = await this.#send(caller, request);
    this.narrator.answer(answer, Object.keys(expected.headers ?? {}));
    this.checks.expectAnswer(answer, expected);
    return answer;
  }

  /**
   * Like {@link call}, for an answer that takes the service a moment: asks until it is as expected, but not for ever,
   * and tells the last answer only.
   * @throws {UnexpectedAnswer} when the last answer is still not as expected
   */
  async awaitAnswer(caller: Caller, request: Omit<ApiRequest, "token">, expected: Expected): Promise<ApiAnswer> {
    this.narrator.request(caller, request);
    let answer = await this.#send(caller, request);
    for (let tries = 1; tries < triesMax && !isAsExpected(answer, expected); tries += 1) {
      await pause(retryDelayMs);
      answer = await this.#send(caller, request);
    }
    this.narrator.answer(answer, Object.keys(expected.headers ?? {}));
    this.checks.expectAnswer(answer, expected);
    return answer;
  }

  async #send(caller: Caller, request: Omit<ApiRequest, "token">): Promise<ApiAnswer> {
    const token = await this.#token(caller);
    return callApi(this.#baseUrl, token === null ? request : { ...request, token });
  }

  async #token(caller: Caller): Promise<string | null> {
    if (caller === "webhook") return null;
    return caller === "customer"
      ? this.#issuer.customerToken(this.tenant, this.customerId)
      : this.#issuer.employeeToken(this.tenant, scopes[caller]);
  }
}

const randomLetters = (count: number): string =>
  Array.from({ length: count }, () => String.fromCharCode(97 + randomInt(26))).join("");

import { AssertionError, deepStrictEqual } from "node:assert/strict";
import { randomInt } from "node:crypto";
import type { CustomerId, TenantId } from "../../src/domain/identifiers.ts";
import { type ApiAnswer, type ApiRequest, callApi } from "../api.ts";
import type { LocalIssuer } from "../local-issuer.ts";
import type { Narrator } from "./narrator.ts";

const employeeScopes = [
  "rewardspoints.rewardpoints_view",
  "rewardspoints.rewardpoints_manage",
  "coupon.coupon_read",
  "site.site_manage",
];

/** Who takes part. The checkout is a back-end system with an employee's kind of token. */
export type Caller = "employee" | "customer" | "checkout";

/** What an answer must be, computed by hand. */
export interface Expected {
  readonly status: number;
  /** Members that are not named here may be anything; lists must have as many items. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The service's answer is not what it must be. */
export class UnexpectedAnswer extends Error {
  override readonly name = "UnexpectedAnswer";
}

/** One run of the story: a tenant and a customer of its own, and what the chapters hand on to each other. */
export class Journey {
  readonly tenant: TenantId = `demo-${randomLetters(6)}` as TenantId;
  readonly site = "main";
  readonly customerId = "C42" as CustomerId;
  readonly startedAt = new Date();
  /** Of the chapter in which the customer gets one. */
  couponCode = "";
  checks = 0;
  readonly narrator: Narrator;
  readonly #baseUrl: string;
  readonly #issuer: LocalIssuer;

  constructor(baseUrl: string, issuer: LocalIssuer, narrator: Narrator) {
    this.#baseUrl = baseUrl;
    this.#issuer = issuer;
    this.narrator = narrator;
  }

  /**
   * Sends a request, tells it and its answer, and checks the answer.
   * @throws {UnexpectedAnswer} when it is not as expected
   */
  async call(caller: Caller, request: Omit<ApiRequest, "token">, expected: Expected): Promise<ApiAnswer> {
    this.narrator.request(caller, request);
    const answer = await callApi(this.#baseUrl, { ...request, token: await this.#token(caller) });
    const headerNames = Object.keys(expected.headers ?? {});
    this.narrator.answer(answer, headerNames);
    this.expect("The status", answer.status, expected.status);
    for (const name of headerNames)
      this.expect(`The header ${name}`, answer.headers.get(name), expected.headers?.[name]);
    if (expected.body !== undefined) this.expect("The body", membersOf(answer.body, expected.body), expected.body);
    return answer;
  }

  /** @throws {UnexpectedAnswer} when `actual` is not `expected` */
  expect(what: string, actual: unknown, expected: unknown): void {
    this.checks += 1;
    try {
      deepStrictEqual(actual, expected);
    } catch (error) {
      const difference = error instanceof AssertionError ? error.message.replace(/^.*\n/, "") : String(error);
      throw new UnexpectedAnswer(`\n${what} is not what it must be. Actual against expected:\n${difference}`);
    }
  }

  #token(caller: Caller): Promise<string> {
    return caller === "customer"
      ? this.#issuer.customerToken(this.tenant, this.customerId)
      : this.#issuer.employeeToken(this.tenant, employeeScopes);
  }
}

/** `actual` without the members that `expected` does not name. */
function membersOf(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(actual) && Array.isArray(expected)) {
    return actual.map((item, index) => (index < expected.length ? membersOf(item, expected[index]) : item));
  }
  if (!isObject(actual) || !isObject(expected)) return actual;
  const named = Object.keys(expected).filter((name) => name in actual);
  return Object.fromEntries(named.map((name) => [name, membersOf(actual[name], expected[name])]));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const randomLetters = (count: number): string =>
  Array.from({ length: count }, () => String.fromCharCode(97 + randomInt(26))).join("");

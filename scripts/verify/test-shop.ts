import { z } from "zod";
import { type ServiceAnswer, type ServiceCall, ServiceClient } from "./http-client.ts";
import type { Runtime } from "./runtime.ts";

const coupon = { name: "10 % off", discountType: "PERCENT", discountPercentage: 10, maxRedemptions: 1 };
const codeShape = z.object({ code: z.string() });

/** A tenant in a running service, with site `main` switched on: an order earns a point for each unit of its value. */
export class TestShop {
  readonly tenant: string;
  readonly employee: string;
  readonly client: ServiceClient;
  readonly #runtime: Runtime;
  readonly #customers = new Map<string, Promise<string>>();

  private constructor(runtime: Runtime, tenant: string, employee: string) {
    this.#runtime = runtime;
    this.tenant = tenant;
    this.employee = employee;
    this.client = new ServiceClient(runtime.url);
  }

  /** A tenant's shop that is open already. */
  static async of(runtime: Runtime, tenant: string): Promise<TestShop> {
    return new TestShop(runtime, tenant, await runtime.employeeToken(tenant));
  }

  /** @throws {Error} when the service refuses */
  static async open(runtime: Runtime, tenant: string): Promise<TestShop> {
    const shop = await TestShop.of(runtime, tenant);
    const rewardpoints = { enabled: true, codePrefix: "RP", orderValueToRewardPointsFactor: 1 };
    const mixins = { couponSettings: { rewardpoints } };
    await shop.expect([201], { ...shop.managing("POST", `/site/${tenant}/sites/main/mixins`), json: mixins });
    return shop;
  }

  customerToken(customerId: string): Promise<string> {
    const known = this.#customers.get(customerId) ?? this.#runtime.customerToken(this.tenant, customerId);
    this.#customers.set(customerId, known);
    return known;
  }

  /** A redeem option with a coupon, for `points`; `more` goes into the coupon's definition. */
  async addOption(id: string, points: number, more: object = {}): Promise<void> {
    const json = { id, type: "coupon", name: `Voucher for ${points}`, points, coupon: { ...coupon, ...more } };
    await this.expect([200, 201], { ...this.managing("POST", `/reward-points/${this.tenant}/redeemOptions`), json });
  }

  async grant(customerId: string, points: number): Promise<void> {
    await this.expect([201], this.granting(customerId, points));
  }

  async balance(customerId: string): Promise<number> {
    const answer = await this.expect([200], this.managing("GET", `/reward-points/customer/${customerId}`));
    return z.int().parse(JSON.parse(answer.body));
  }

  /** The codes of the customer's coupons, as D1 has them. */
  async couponCodes(customerId: string): Promise<readonly string[]> {
    const rows = await this.#runtime.query<{ code: string }>(
      "select code from coupons where tenant = ? and issued_to = ?",
      this.tenant,
      customerId,
    );
    return rows.map(({ code }) => code);
  }

  managing(method: ServiceCall["method"], path: string): ServiceCall {
    return { method, path, token: this.employee };
  }

  granting(customerId: string, points: number): ServiceCall {
    return { ...this.managing("POST", `/reward-points/customer/${customerId}/addPoints`), json: { points } };
  }

  redeeming(customerId: string, points: number): ServiceCall {
    return { ...this.managing("POST", `/reward-points/customer/${customerId}/redeemPoints`), json: { points } };
  }

  async exchanging(customerId: string, optionId: string): Promise<ServiceCall> {
    const token = await this.customerToken(customerId);
    return { method: "POST", path: "/reward-points/public/customer/redeem", token, json: { id: optionId } };
  }

  call(call: ServiceCall): Promise<ServiceAnswer> {
    return this.client.call(call);
  }

  /** @throws {Error} when the answer has none of `statuses` */
  async expect(statuses: readonly number[], call: ServiceCall): Promise<ServiceAnswer> {
    const answer = await this.client.call(call);
    if (statuses.includes(answer.status)) return answer;
    throw new Error(`${call.method} ${call.path} answered ${answer.status}: ${answer.body}`);
  }
}

/** The coupon's code in the answer to an exchange. */
export const codeIn = (answer: ServiceAnswer): string => codeShape.parse(JSON.parse(answer.body)).code;

/** How many of `values` there are, each counted once. */
export const distinct = (values: readonly string[]): number => new Set(values).size;

/** How often each of `values` is there, as text. */
export function tally(values: readonly (number | string)[]): string {
  const counts = new Map<number | string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([value, count]) => `${count} × ${value}`).join(", ");
}

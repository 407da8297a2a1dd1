import { createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { QueuedEvent } from "../../src/orders/use-cases/event-ports.ts";
import worker from "../../src/worker.ts";
import { completedOrder, queued } from "./orders/order-events.ts";
import { rightSite } from "./right-site.ts";
import { call, tenPercentOff } from "./shop.ts";
import { customerToken, employeeToken, refreshTokenOf } from "./tokens.ts";

/** A tenant with one of everything, all of it named after `mark`, so that any of it is recognized in an answer. */
export interface PreparedShop {
  readonly tenant: string;
  readonly mark: string;
  readonly customerId: string;
  readonly optionId: string;
  /** Issued to the customer, and not used yet. */
  readonly code: string;
  /** Issued to the customer; used once, by `orderCode`. */
  readonly usedCode: string;
  readonly useId: string;
  readonly orderCode: string;
  readonly eventId: string;
  readonly entryId: string;
  /** Has the mixin; the settings of reward points are those of site `main`. */
  readonly siteCode: string;
  readonly mixinName: string;
  /** Under which the customer's points were added. */
  readonly idempotencyKey: string;
  /** Made by the merchant: no points have bought it. */
  readonly merchantCode: string;
  /** Continues the session of a guest of the tenant's client. */
  readonly refreshToken: string;
}

export const allScopes = [
  "rewardspoints.rewardpoints_view",
  "rewardspoints.rewardpoints_manage",
  "coupon.coupon_read",
  "coupon.coupon_manage",
  "coupon.coupon_redeem",
  "coupon.coupon_redeem_on_behalf",
  "site.site_manage",
].join(" ");

/** A use of a coupon of {@link PreparedShop} that it allows. */
export const couponUse = { orderTotal: { amount: 100, currency: "EUR" }, discount: { amount: 10, currency: "EUR" } };

/** Hands events to the consumer, as the queue does. */
export async function consume(events: readonly QueuedEvent[]): Promise<void> {
  const messages = events.map((body, index) => ({ id: String(index), timestamp: new Date(), attempts: 1, body }));
  await worker.queue(createMessageBatch("reward-points-events", messages), env);
}

let shops = 0;

/** @param tenant a name that no other shop of the test file has; one is made unless given */
export async function prepareShop(tenant = `prep-${++shops}`): Promise<PreparedShop> {
  const mark = `mark-${tenant}`;
  const employee = await employeeToken(tenant, allScopes);
  const names = {
    customerId: `customer-${mark}`,
    optionId: `option-${mark}`,
    orderCode: `order-${mark}`,
    eventId: `event-${mark}`,
    entryId: `entry-${mark}`,
    siteCode: `site-${mark}`,
    mixinName: `mixin-${mark}`,
    idempotencyKey: `key-${mark}`,
  };
  const customer = await customerToken(tenant, names.customerId);
  const ask = async (method: string, path: string, json: unknown, token = employee, headers = {}) => {
    const answer = await call(method, path, { token, json, headers });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as { readonly code: string; readonly id: string };
  };
  const mixinsOf = (site: string) => `/site/${tenant}/sites/${site}/mixins`;
  const rewardpoints = { enabled: true, codePrefix: "RP", orderValueToRewardPointsFactor: 1 };
  const referral = { value: 5, currency: "EUR" };
  await ask("POST", mixinsOf("main"), { couponSettings: { rewardpoints, referral } });
  await ask("POST", `/site/${tenant}/sites`, {
    ...rightSite,
    code: names.siteCode,
    name: `site-${mark}`,
    mixins: { [names.mixinName]: { of: mark } },
  });
  await ask(
    "POST",
    `/reward-points/customer/${names.customerId}/addPoints`,
    { id: names.entryId, points: 1_000, description: `points-${mark}`, "reference-id": names.orderCode },
    employee,
    { "Idempotency-Key": names.idempotencyKey },
  );
  const coupon = { ...tenPercentOff, description: `coupon-${mark}`, maxRedemptions: 1_000 };
  const option = { id: names.optionId, type: "coupon", name: `name-${mark}`, points: 10, coupon };
  await ask("POST", `/reward-points/${tenant}/redeemOptions`, option);
  const exchange = () => ask("POST", "/reward-points/public/customer/redeem", { id: names.optionId }, customer);
  const { code } = await exchange();
  const { code: usedCode } = await exchange();
  const { id: useId } = await ask("POST", `/coupon/${tenant}/coupons/${usedCode}/redemptions`, {
    ...couponUse,
    orderCode: names.orderCode,
    customerNumber: names.customerId,
  });
  const { id: merchantCode } = await ask("POST", `/coupon/${tenant}/coupons`, {
    code: `MERCHANT-${mark}`,
    name: `merchant-${mark}`,
    discountType: "PERCENT",
    discountPercentage: 10,
  });
  await ask("POST", `/coupon/${tenant}/referral-coupons/${names.customerId}`, undefined);
  const order = completedOrder(names.orderCode, { status: "CREATED", customer: { id: names.customerId } });
  await consume([queued(tenant, order, names.eventId)]);
  return { tenant, mark, code, usedCode, useId, merchantCode, refreshToken: await refreshTokenOf(tenant), ...names };
}

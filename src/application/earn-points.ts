import type { EarningOrder } from "../domain/command.ts";
import { plainText } from "../domain/decimal.ts";
import { type EarningBase, earnedPoints, orderValue } from "../domain/earn-rule.ts";
import { type EventVerdict, type IgnoreReason, ignored } from "../domain/event-verdict.ts";
import type { EventAction } from "../domain/order-event.ts";
import { type Result, refuse, succeed } from "../domain/result.ts";
import type { RewardSettings } from "../domain/site-settings.ts";
import { carryOut } from "./carry-out.ts";
import type { InboxEvent } from "./ports.ts";
import type { Services } from "./services.ts";

type Earn = Extract<EventAction, { kind: "earn" }>;

/**
 * Grants what a completed order earns at its site, once for the order.
 * @returns with the measure in which the order earns; null when it does not
 */
export async function earnPoints(
  services: Services,
  { id, tenant }: InboxEvent,
  { orderId, customerId, siteCode, order }: Earn,
): Promise<{ readonly verdict: EventVerdict; readonly earningBase: EarningBase | null }> {
  const settings = await services.siteSettings.effective(tenant, siteCode);
  const earning = earningOf(orderId, order, settings);
  if (!earning.ok) return { verdict: ignored(earning.failure), earningBase: null };
  const intent = { kind: "earn", order: earning.value } as const;
  const carried = await carryOut(services, { id, tenant, customerId, intent, subject: [orderId] });
  if (!carried.ok) return { verdict: { kind: "failed", reason: carried.failure.code }, earningBase: null };
  const verdict: EventVerdict = carried.value.isRepetition
    ? { kind: "duplicate" }
    : { kind: "granted", points: earning.value.points };
  return { verdict, earningBase: settings.earningBase };
}

function earningOf(
  orderId: string,
  order: Earn["order"],
  { enabled, earningBase, orderValueToRewardPointsFactor: factor, validityMonths }: RewardSettings,
): Result<EarningOrder, IgnoreReason> {
  if (!enabled) return refuse("site_unknown_or_switched_off");
  const value = orderValue(order, earningBase);
  if (!value.ok) return refuse(`unreadable_payload: ${value.failure.member}` as const);
  const points = earnedPoints(value.value, factor);
  if (!points.ok) return points;
  return succeed({
    orderId,
    value: plainText(value.value),
    points: points.value,
    description: `Order ${orderId}`,
    validityMonths,
  });
}

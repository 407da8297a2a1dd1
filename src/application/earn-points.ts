import type { EarningOrder } from "../domain/command.ts";
import type { LedgerKey } from "../domain/decide.ts";
import { plainText } from "../domain/decimal.ts";
import { type EarningBase, earnedPoints, orderValue } from "../domain/earn-rule.ts";
import { type EventVerdict, type IgnoreReason, ignored } from "../domain/event-verdict.ts";
import type { CustomerId, SiteCode, TenantId } from "../domain/identifiers.ts";
import type { EventAction } from "../domain/order-event.ts";
import { type Result, refuse, succeed } from "../domain/result.ts";
import type { RewardSettings } from "../domain/site-settings.ts";
import { carriedOf, ledgerCommandOf } from "./carry-out.ts";
import type { Places } from "./in-order.ts";
import type { InboxEvent, LedgerAnswer } from "./ports.ts";
import type { Services } from "./services.ts";

type Earn = Extract<EventAction, { kind: "earn" }>;

/** An event that asks for an order's points, or for nothing. */
export interface PlainEvent extends InboxEvent {
  readonly action: Earn | Extract<EventAction, { kind: "ignore" }>;
}

/** What came of a plain event. */
export interface Earned {
  readonly verdict: EventVerdict;
  /** The measure in which the order earns; null when it does not. */
  readonly earningBase: EarningBase | null;
}

/** What came of an event, or the error for which it has to be tried again. */
export type Attempt = Result<Earned, unknown>;

/**
 * Grants what completed orders of one tenant earn at their sites, once for each order. A customer's ledger is called
 * once, with all orders of the customer.
 * @param places where ledgers are called
 * @returns what came of each of the events
 */
export async function earnPoints(
  services: Services,
  tenant: TenantId,
  events: readonly PlainEvent[],
  places: Places,
): Promise<ReadonlyMap<PlainEvent, Attempt>> {
  const settingsOf = settingsBySite(services, tenant);
  const attempts = new Map<PlainEvent, Attempt>();
  const earnings = new Map<CustomerId, Earning[]>();
  for (const event of events) {
    const { action } = event;
    if (action.kind === "ignore") {
      attempts.set(event, nothingEarned(ignored(action.reason)));
      continue;
    }
    try {
      const earning = earningOf(event, action, await settingsOf(action.siteCode));
      if (earning.ok) listed(earnings, action.customerId).push(earning.value);
      else attempts.set(event, nothingEarned(ignored(earning.failure)));
    } catch (error) {
      attempts.set(event, refuse(error));
    }
  }
  const calls = [...earnings].map(([customerId, own]) =>
    places.use(async () => {
      for (const [event, attempt] of await grantAll(services, { tenant, customerId }, own))
        attempts.set(event, attempt);
    }),
  );
  await Promise.all(calls);
  return attempts;
}

/** A completed order that earns something. */
interface Earning {
  readonly event: PlainEvent;
  readonly order: EarningOrder;
  readonly earningBase: EarningBase;
}

/** Each site's settings, asked for once. */
function settingsBySite({ siteSettings }: Services, tenant: TenantId): (siteCode: SiteCode) => Promise<RewardSettings> {
  const asked = new Map<SiteCode, Promise<RewardSettings>>();
  return (siteCode) => {
    const settings = asked.get(siteCode) ?? siteSettings.effective(tenant, siteCode);
    asked.set(siteCode, settings);
    return settings;
  };
}

function earningOf(
  event: PlainEvent,
  { orderId, order }: Earn,
  { enabled, earningBase, orderValueToRewardPointsFactor: factor, validityMonths }: RewardSettings,
): Result<Earning, IgnoreReason> {
  if (!enabled) return refuse("site_unknown_or_switched_off");
  const value = orderValue(order, earningBase);
  if (!value.ok) return refuse(`unreadable_payload: ${value.failure.member}` as const);
  const points = earnedPoints(value.value, factor);
  if (!points.ok) return points;
  const description = `Order ${orderId}`;
  const earning = { orderId, value: plainText(value.value), points: points.value, description, validityMonths };
  return succeed({ event, order: earning, earningBase });
}

async function grantAll(
  { ledgers }: Services,
  key: LedgerKey,
  earnings: readonly Earning[],
): Promise<readonly (readonly [PlainEvent, Attempt])[]> {
  const commands = earnings.map(({ event, order }) =>
    ledgerCommandOf({ id: event.id, intent: { kind: "earn", order } }),
  );
  try {
    const answers = await ledgers.executeAll(key, commands);
    return earnings.map((earning, index) => [earning.event, attemptOf(earning, answers[index])]);
  } catch (error) {
    return earnings.map(({ event }) => [event, refuse(error)]);
  }
}

function attemptOf({ order, earningBase }: Earning, answer: LedgerAnswer | undefined): Attempt {
  try {
    if (answer === undefined) throw new Error("The ledger left a command unanswered.");
    const carried = carriedOf(answer);
    if (!carried.ok) return nothingEarned({ kind: "failed", reason: carried.failure.code });
    const { isRepetition } = carried.value;
    return succeed({
      verdict: isRepetition ? { kind: "duplicate" } : { kind: "granted", points: order.points },
      earningBase,
    });
  } catch (error) {
    return refuse(error);
  }
}

const nothingEarned = (verdict: EventVerdict): Attempt => succeed({ verdict, earningBase: null });

/** The list under `key`; an empty one is put there when there is none. */
function listed<Key, Item>(lists: Map<Key, Item[]>, key: Key): Item[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list: Item[] = [];
  lists.set(key, list);
  return list;
}

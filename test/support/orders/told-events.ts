import type { OrderTelling, Prices, ReturnTelling, Telling } from "./order-tellings.ts";

/** Whose order it is, and who has nothing to do with it. */
export const [owner, stranger] = ["C1", "C2"] as const;

const euros = (cents: number): number => cents / 100;

/** The event that tells it. Versions come as numbers and as text, moments in the payload and in the envelope. */
export function toldEvent(telling: Telling, nth: number, roundAt: number): object {
  const { version, momentMs } = telling.stamp;
  const moment = momentMs === null ? undefined : new Date(roundAt + momentMs).toISOString();
  const isInEnvelope = nth % 2 === 0;
  const metadata = {
    ...(version === null ? {} : { version: nth % 3 === 0 ? String(version) : version }),
    ...(moment === undefined || isInEnvelope ? {} : { modifiedAt: moment }),
  };
  const { type, payload } = telling.of === "order" ? orderEvent(telling) : returnEvent(telling);
  const time = moment === undefined || !isInEnvelope ? {} : { time: moment };
  return { type, ...time, payload: { ...payload, metadata } };
}

const customerOf = (whose: OrderTelling["whose"]): string =>
  whose === "guest" ? "ANONYMOUS" : whose === "own" ? owner : stranger;

function orderEvent(telling: OrderTelling) {
  const { id, status, whose, site, namesMaster, parts, prices } = telling;
  const payload = {
    id,
    siteCode: site === "main" ? "main" : "elsewhere",
    customer: { id: customerOf(whose) },
    ...(namesMaster && id !== "M" ? { orderType: "SUB_ORDER", masterOrder: "M" } : {}),
  };
  if (status === "deleted") return { type: "order.deleted", payload };
  if (status === "cancelled") return { type: "order.cancelled", payload };
  const split = status === "split" ? { orderType: "MASTER_ORDER", subOrders: parts.map((part) => ({ id: part })) } : {};
  const shown = { status: status === "split" ? "COMPLETED" : status, calculatedPrice: { finalPrice: priceOf(prices) } };
  return { type: "order.updated", payload: { ...payload, ...split, ...shown } };
}

const priceOf = ({ total, net }: Prices) => ({
  ...(total === null ? {} : { grossValue: euros(total) }),
  ...(net === null ? {} : { netValue: euros(net) }),
});

/** What a return of one order comes to, it says as a whole; else each order's items say it. */
function returnEvent({ id, status, isReceived, requestor, orders }: ReturnTelling) {
  const customer = requestor === "nobody" ? {} : { requestor: { customerId: requestor === "own" ? owner : stranger } };
  if (status === "deleted") return { type: "return.deleted", payload: { id, ...customer } };
  const named = Object.entries(orders);
  const [only] = named;
  const whole = named.length === 1 && only !== undefined ? { calculatedPrice: { finalPrice: priceOf(only[1]) } } : {};
  const itemsOf = (prices: Prices) => [{ id: "item", quantity: 1, calculatedPrice: { finalPrice: priceOf(prices) } }];
  const payload = {
    ...{ id, approvalStatus: status, received: isReceived, ...customer, ...whole },
    orders: named.map(([orderId, prices]) => ({ id: orderId, items: itemsOf(prices) })),
  };
  return { type: "return.updated", payload };
}

import { createHmac } from "node:crypto";
import canonicalize from "canonicalize";
import { localWebhookSecret } from "../local-secrets.ts";
import { demoTenant } from "../seed-data.ts";
import { type Chapter, expectBalance, giftEnd } from "./chapter.ts";
import type { Journey } from "./journey.ts";

const completeOrder: Chapter = {
  title: "An order completes, and its points arrive",
  async play(journey) {
    journey.narrator.say("The order system sends the event; the service takes it in at once, and grants soon after.");
    journey.narrator.say("433.72 euros at one point each, rounded down: 433 points.");
    await sendOrder(journey);
    await awaitVerdicts(journey, [{ type: "order.updated", verdict: "granted", points: 433 }]);
    await expectBalance(journey, 433);
  },
};

const repeatOrder: Chapter = {
  title: "The same event comes again",
  async play(journey) {
    journey.narrator.say("It is recognized by its order, and changes nothing. The list begins with the newest event.");
    await sendOrder(journey);
    await awaitVerdicts(journey, [{ verdict: "duplicate" }, { verdict: "granted", points: 433 }]);
    await expectBalance(journey, 433);
  },
};

const signEvents: Chapter = {
  title: "A webhook needs no token, but a signature",
  async play(main) {
    const { narrator } = main;
    narrator.say(
      `The secret in .dev.vars is tenant ${demoTenant}'s. So this plays there, with a customer and a site of`,
    );
    narrator.say("its own: two points for each euro before tax, 2 × 368.50 = 737. A wrong signature is refused.");
    const journey = main.aside(demoTenant);
    const { customerId, site } = journey;
    const mixins = `/site/${demoTenant}/sites/${site}/mixins`;
    const rewardpoints = { enabled: true, orderValueToRewardPointsFactor: 2, earningBase: "net" };
    await journey.call(
      "employee",
      { method: "POST", path: mixins, body: { couponSettings: { rewardpoints } } },
      { status: 201 },
    );
    const orderId = `order-${customerId}`;
    const event = orderCompleted({ orderId, customerId, site });
    await sendSigned(journey, event, "somebody else's secret", 401);
    await sendSigned(journey, event, localWebhookSecret(demoTenant), 202);
    const path = `/reward-points/${demoTenant}/events?customerId=${customerId}`;
    const granted = { type: "order.updated", orderId, verdict: "granted", points: 737 };
    await journey.awaitAnswer("employee", { method: "GET", path }, { status: 200, body: [granted] });
    await expectBalance(journey, 737);
    narrator.sayAfterwards("Then the customer is erased, and the site's settings are deleted.");
    const customer = `/reward-points/customer/${customerId}`;
    await journey.call("employee", { method: "DELETE", path: customer }, { status: 200 });
    await journey.call("employee", { method: "DELETE", path: `${mixins}/couponSettings` }, { status: 204 });
  },
};

const addGift: Chapter = {
  title: "The employee adds points by hand",
  async play(journey) {
    const { customerId, site, narrator } = journey;
    const gift = {
      id: "birthday-points",
      description: "Happy birthday",
      points: 150,
      validUntil: giftEnd(journey).toISOString(),
    };
    narrator.say("150 for the birthday, gone in two weeks. With the order's 433: 583.");
    const path = `/reward-points/customer/${customerId}/addPoints?siteCode=${site}`;
    await journey.call("employee", { method: "POST", path, body: gift }, { status: 201 });
    await expectBalance(journey, 583);
  },
};

export const earningChapters: readonly Chapter[] = [completeOrder, repeatOrder, signEvents, addGift];

/** An order's event as the order service sends it, with what the service reads of it. */
const orderCompleted = (order: { readonly orderId: string; readonly customerId: string; readonly site: string }) => ({
  type: "order.updated",
  payload: {
    id: order.orderId,
    status: "COMPLETED",
    siteCode: order.site,
    customer: { id: order.customerId },
    calculatedPrice: { finalPrice: { netValue: 368.5, grossValue: 433.72 } },
    subTotalPrice: 300,
    totalPrice: 333.92,
    currency: "EUR",
  },
});

const sendOrder = (journey: Journey) => {
  const { customerId, site } = journey;
  const body = orderCompleted({ orderId: "EON2076", customerId, site });
  return journey.call(
    "order system",
    { method: "POST", path: `/reward-points/${journey.tenant}/events`, body },
    { status: 202 },
  );
};

/** Waits until the order's events have these verdicts, newest first. */
const awaitVerdicts = (journey: Journey, verdicts: readonly object[]) =>
  journey.awaitAnswer(
    "employee",
    { method: "GET", path: `/reward-points/${journey.tenant}/events?orderId=EON2076` },
    { status: 200, body: verdicts.map((verdict) => ({ orderId: "EON2076", ...verdict })) },
  );

/** Signs as Emporix does: over the event as JSON with members sorted at every level, without spaces. */
function sendSigned(journey: Journey, event: object, secret: string, status: number) {
  const signature = createHmac("sha256", secret)
    .update(canonicalize(event) ?? "")
    .digest("base64");
  const headers = { "emporix-event-signature": signature };
  const path = `/reward-points/${journey.tenant}/events`;
  return journey.call("webhook", { method: "POST", path, headers, body: event }, { status });
}

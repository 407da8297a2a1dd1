import { z } from "zod";
import type { CustomerId } from "../src/platform/values/identifiers.ts";
import type { EpochMs } from "../src/platform/values/time.ts";
import { type ApiAnswer, type ApiRequest, callApiFor } from "./api.ts";
import { type LocalIssuer, localIssuer } from "./local-issuer.ts";
import { customersAt, demoSite, demoTenant, redeemOptions, type SeedEvent, site, siteMixins } from "./seed-data.ts";
import { baseUrlOf } from "./service-address.ts";
import { runScript } from "./usage-error.ts";

const scopes = ["rewardspoints.rewardpoints_view", "rewardspoints.rewardpoints_manage", "site.site_manage"];
const tokenLifetimeSeconds = 600;

/**
 * Written last, so that it tells that everything was seeded; whatever has been changed or deleted since then
 * stays as it is. It lies on a site of its own, where it is in nobody's way.
 */
const marker = { siteCode: "seed", mixinName: "seeded" } as const;

/**
 * Fills tenant `demo` through the API of the service at `baseUrl`, unless that was done before. Every step is safe
 * to repeat: a run that was interrupted is finished by the next one.
 * @returns whether something had to be done
 * @throws {Error} when the service cannot be reached or refuses
 */
export async function seedDemoTenant(baseUrl: string, issuer: LocalIssuer): Promise<boolean> {
  const employee = await issuer.employeeToken(demoTenant, scopes);
  const call = (statuses: readonly number[], request: ApiRequest) => callApiFor(statuses, baseUrl, request);

  const mixinsPath = (siteCode: string) => `/site/${demoTenant}/sites/${siteCode}/mixins`;
  const markerPath = `${mixinsPath(marker.siteCode)}/${marker.mixinName}`;
  const found = await call([200, 404], { method: "GET", path: markerPath, token: employee });
  if (found.status === 200) return false;

  // 409: an earlier run that was interrupted has got this far.
  const create = (path: string, body: object) => call([200, 201, 409], { method: "POST", path, token: employee, body });

  await create(`/site/${demoTenant}/sites`, site);
  await create(mixinsPath(demoSite), siteMixins);
  for (const option of redeemOptions) await create(`/reward-points/${demoTenant}/redeemOptions`, option);
  for (const { customerId, history } of customersAt(Date.now() as EpochMs)) {
    const summaryPath = `/reward-points/customer/${customerId}/summary`;
    const summary = await call([200, 404], { method: "GET", path: summaryPath, token: employee });
    const recorded = entryIdsIn(summary);
    const customer = await issuer.customerToken(demoTenant, customerId);
    for (const event of history) {
      if (event.kind === "exchange") await call([200], exchangeRequest(event, customer));
      else if (!recorded.has(event.id)) await create(...historyRequest(customerId, event));
    }
  }
  await create(mixinsPath(marker.siteCode), { [marker.mixinName]: { at: new Date().toISOString() } });
  return true;
}

const entries = z.array(z.object({ id: z.string() }));
const summaryShape = z.object({ summary: z.object({ addedPointsList: entries, redeemedPointsList: entries }) });

/** What the customer's history has already; nothing when there is none. */
function entryIdsIn(answer: ApiAnswer): ReadonlySet<string> {
  if (answer.status === 404) return new Set();
  const { addedPointsList, redeemedPointsList } = summaryShape.parse(answer.body).summary;
  return new Set([...addedPointsList, ...redeemedPointsList].map(({ id }) => id));
}

const exchangeRequest = (event: Extract<SeedEvent, { kind: "exchange" }>, token: string): ApiRequest => ({
  method: "POST",
  path: `/reward-points/public/customer/redeem?siteCode=${demoSite}`,
  token,
  headers: { "Idempotency-Key": event.idempotencyKey },
  body: { id: event.redeemOptionId },
});

/** Path and body of the request that adds the event to the customer's history. */
function historyRequest(
  customerId: CustomerId,
  event: Exclude<SeedEvent, { kind: "exchange" }>,
): [path: string, body: object] {
  const customerPath = `/reward-points/customer/${customerId}`;
  const { kind, id, points, description } = event;
  if (kind === "redemption") return [`${customerPath}/redeemPoints`, { id, points, description }];
  const { orderId, createdAt, validUntil } = event;
  const grant = {
    id,
    points,
    description,
    "reference-id": orderId,
    createdAt: new Date(createdAt).toISOString(),
    validUntil: validUntil === undefined ? undefined : new Date(validUntil).toISOString(),
  };
  return [`${customerPath}/addPoints?siteCode=${demoSite}`, grant];
}

if (import.meta.main) {
  await runScript(async () => {
    const seeded = await seedDemoTenant(baseUrlOf(process.env), await localIssuer(tokenLifetimeSeconds));
    console.log(seeded ? `Tenant ${demoTenant} is seeded.` : `Tenant ${demoTenant} was seeded before: nothing to do.`);
  });
}

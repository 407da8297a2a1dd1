import { z } from "@hono/zod-openapi";
import { amount, customerId, entryId, moment, text } from "../../platform/http/schemas/common.ts";
import { deferred } from "../../platform/http/schemas/deferred.ts";
import { lazy } from "../../platform/runtime/lazy.ts";
import type { Actor, CustomerId } from "../../platform/values/identifiers.ts";
import type { GrantRequest } from "../use-cases/add-points.ts";
import type { ListFormat, SummaryFormat, SummaryText } from "../use-cases/summary.ts";

// The schemas of the Reward Points contract. Members that only the service computes are accepted and ignored.

/** `addedPoints` as a client sends it. */
export const grantIn = deferred(() =>
  z
    .object({
      id: entryId().optional().openapi({ description: "Chosen by the client; makes the request safe to repeat." }),
      "reference-id": text(255).nullish().openapi({ description: "What earned the points, such as an order's id." }),
      description: text(2_000).optional(),
      points: amount(),
      createdAt: moment()
        .optional()
        .openapi({ description: "Default: now. Up to a minute ahead is accepted and counts as now." }),
      validUntil: moment()
        .optional()
        .openapi({ description: "Not before createdAt. Default: createdAt plus the site's validity in months." }),
    })
    .transform(
      (grant): GrantRequest => ({
        id: grant.id ?? null,
        points: grant.points,
        referenceId: grant["reference-id"] ?? null,
        description: grant.description ?? null,
        createdAt: grant.createdAt ?? null,
        validUntil: grant.validUntil ?? null,
      }),
    )
    .openapi("addedPointsIn", {
      example: { "reference-id": "EON3001", description: "Goodwill for a late delivery", points: 50 },
    }),
);

/** `newCustomerIn`. */
export const newCustomerIn = deferred(() =>
  z
    .object({
      customerId: customerId().optional().openapi({ description: "Must equal the customerId in the path." }),
      startPoints: grantIn.unwrap().optional(),
    })
    .openapi("newCustomerIn", { example: { startPoints: { description: "Welcome", points: 100 } } }),
);

/** `redeemedPoints` as a client sends it. */
export const redemptionIn = deferred(() =>
  z
    .object({
      id: entryId().optional().openapi({ description: "Chosen by the client; makes the request safe to repeat." }),
      description: text(2_000).optional(),
      points: amount(),
    })
    .openapi("redeemedPointsIn", { example: { description: "Redeemed at the counter", points: 20 } }),
);

export const pointsOut = deferred(() => z.int().openapi("pointsOut", { example: 2000 }));

const dateTime = () => z.string().openapi({ format: "date-time" });

const addedPointsOut = lazy(() =>
  z
    .object({
      id: z.string(),
      "reference-id": z.string().nullable(),
      description: z.string().optional(),
      points: z.int(),
      createdAt: dateTime(),
      allPointsAfterCreation: z.int().openapi({ description: "The active balance right after this entry." }),
      usedPoints: z.int(),
      validUntil: dateTime().optional().openapi({ description: "Absent when the points never expire." }),
      usedWith: z.array(z.string()).openapi({ description: "Ids of the redemptions that took from these points." }),
    })
    .openapi("addedPoints"),
);

const redeemedPointsOut = lazy(() =>
  z
    .object({
      id: z.string(),
      description: z.string().optional(),
      points: z.int(),
      createdAt: dateTime(),
      allPointsAfterCreation: z.int().openapi({ description: "The active balance right after this entry." }),
    })
    .openapi("redeemedPoints"),
);

const summaryExample = {
  customerId: "20242913",
  activePoints: 2000,
  summary: {
    addedPointsList: [
      {
        id: "1c32ce73-8765-42a7-92af-ff370a0a59d6",
        "reference-id": "EON2076",
        description: "Order EON2076",
        points: 2050,
        createdAt: "2026-05-11T18:32:18.591Z",
        allPointsAfterCreation: 2050,
        usedPoints: 50,
        validUntil: "2027-05-11T18:32:18.591Z",
        usedWith: ["d85c0570-1d51-4611-bf2f-c67452384626"],
      },
    ],
    redeemedPointsList: [
      {
        id: "d85c0570-1d51-4611-bf2f-c67452384626",
        description: "Voucher over 5 euros",
        points: 50,
        createdAt: "2026-06-11T18:32:38.501Z",
        allPointsAfterCreation: 2000,
      },
    ],
  },
};

const attributedExample = {
  ...summaryExample,
  summary: {
    addedPointsList: summaryExample.summary.addedPointsList.map((added) => ({
      ...added,
      actor: "client:backoffice/user:42",
    })),
    redeemedPointsList: summaryExample.summary.redeemedPointsList.map((redeemed) => ({
      ...redeemed,
      actor: "customer:20242913",
    })),
  },
};

export const summaryOut = deferred(() =>
  z
    .object({
      customerId: z.string(),
      activePoints: z.int(),
      summary: z
        .object({ addedPointsList: z.array(addedPointsOut()), redeemedPointsList: z.array(redeemedPointsOut()) })
        .openapi("customerSummary"),
    })
    .openapi("pointsSummaryOut", { example: summaryExample }),
);

const actor = lazy(() =>
  z.string().openapi({
    description: "Who caused it: a client, its employee, the customer or the service. Not in customers' own summaries.",
    example: "client:backoffice/user:42",
  }),
);

/** The summary for employees, which also says who caused each entry. */
export const attributedSummaryOut = deferred(() =>
  summaryOut
    .unwrap()
    .extend({
      summary: z
        .object({
          addedPointsList: z.array(addedPointsOut().extend({ actor: actor() }).openapi("attributedAddedPoints")),
          redeemedPointsList: z.array(
            redeemedPointsOut().extend({ actor: actor() }).openapi("attributedRedeemedPoints"),
          ),
        })
        .openapi("attributedSummary"),
    })
    .openapi("attributedSummaryOut", { example: attributedExample }),
);

export const summaryBatchOut = deferred(() =>
  z.array(attributedSummaryOut.unwrap()).openapi("customerSummaryBatchOut"),
);

/** How a customer's own summary is written, with the contract's member names. */
export const summaryFormat: SummaryFormat = {
  customerId: "customerId",
  activePoints: "activePoints",
  lists: "summary",
  granted: {
    name: "addedPointsList",
    members: [
      { name: "id", tells: "id" },
      { name: "reference-id", tells: "referenceId" },
      { name: "description", tells: "description", isOptional: true },
      { name: "points", tells: "points" },
      { name: "createdAt", tells: "createdAt" },
      { name: "allPointsAfterCreation", tells: "balanceAfter" },
      { name: "usedPoints", tells: "usedPoints" },
      { name: "validUntil", tells: "validUntil", isOptional: true },
      { name: "usedWith", tells: "usedWith" },
    ],
  },
  redeemed: {
    name: "redeemedPointsList",
    members: [
      { name: "id", tells: "id" },
      { name: "description", tells: "description", isOptional: true },
      { name: "points", tells: "points" },
      { name: "createdAt", tells: "createdAt" },
      { name: "allPointsAfterCreation", tells: "balanceAfter" },
    ],
  },
};

function withActor<Item extends { readonly actor: Actor }>(list: ListFormat<Item>): ListFormat<Item> {
  return { ...list, members: [...list.members, { name: "actor", tells: "actor" }] };
}

/** How employees' summaries are written: the contract's members, and who caused each entry. */
export const attributedSummaryFormat: SummaryFormat = {
  ...summaryFormat,
  granted: withActor(summaryFormat.granted),
  redeemed: withActor(summaryFormat.redeemed),
};

/** The summary of a customer without an entry. */
export const emptySummary = (id: CustomerId): SummaryText =>
  JSON.stringify({
    customerId: id,
    activePoints: 0,
    summary: { addedPointsList: [], redeemedPointsList: [] },
  } satisfies z.output<typeof summaryOut>);

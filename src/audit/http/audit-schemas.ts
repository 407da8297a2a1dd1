import { z } from "@hono/zod-openapi";
import { moment, timestamp } from "../../platform/http/schemas/common.ts";
import { deferred, deferredMembers } from "../../platform/http/schemas/deferred.ts";
import { lazy } from "../../platform/runtime/lazy.ts";
import type { ExplainedBalance } from "../use-cases/explain-balance.ts";
import type { Verification } from "../use-cases/verify-ledger.ts";

// What the service says about its own books. The published contract has no such operations.

const dateTime = () => z.string().openapi({ format: "date-time" });

export const explainQuery = z.object(
  deferredMembers({
    asOf: () =>
      moment().optional().openapi({
        type: "string",
        format: "date-time",
        description:
          "The moment whose balance is explained, such as 2026-11-22T12:00:00Z. Default: now. For a moment in the future, the explanation shows what will have expired by then.",
      }),
  }),
);

const findingKinds = [
  "broken-seal",
  "broken-link",
  "impossible-entry",
  "wrong-standing",
  "wrong-lot",
  "wrong-coupon",
  "wrong-answer",
] as const satisfies readonly Verification["findings"][number]["kind"][];

export const verificationOut = deferred(() =>
  z
    .object({
      customerId: z.string(),
      sound: z.boolean().openapi({ description: "True when there are no findings." }),
      checkedAt: dateTime(),
      entries: z.int().openapi({ description: "How many entries the journal has." }),
      head: z.string().openapi({
        description:
          "The seal of the last entry. Keep it to check later that nothing up to this entry has been changed.",
      }),
      activePoints: z.int().openapi({ description: "The balance according to the journal." }),
      findings: z.array(
        z
          .object({
            kind: z.enum(findingKinds),
            sequence: z.int().nullable().openapi({ description: "The entry concerned; null when there is none." }),
            message: z.string(),
          })
          .openapi("ledgerFinding"),
      ),
    })
    .openapi("ledgerVerification"),
);

const explainedLine = lazy(() =>
  z
    .object({
      at: dateTime(),
      kind: z.string().openapi({ description: "The kind of entry; `expired` when a lot expired." }),
      id: z.string().nullable(),
      change: z.int().openapi({ description: "By how much the balance changed." }),
      balance: z.int().openapi({ description: "The balance right after the change." }),
      text: z.string(),
    })
    .openapi("explainedLine"),
);

const explanationExample = {
  customerId: "20242913",
  asOf: "2026-11-22T12:00:00.000Z",
  balance: 2000,
  owedPoints: 0,
  omittedLots: 0,
  earlier: null,
  lots: [
    {
      id: "1c32ce73-8765-42a7-92af-ff370a0a59d6",
      "reference-id": "EON2076",
      points: 2050,
      createdAt: "2026-05-11T18:32:18.591Z",
      validUntil: "2027-05-11T18:32:18.591Z",
      usedPoints: 50,
      expiredPoints: 0,
      remainingPoints: 2000,
      usedBy: [{ id: "d85c0570-1d51-4611-bf2f-c67452384626", points: 50, at: "2026-06-11T18:32:38.501Z" }],
    },
  ],
  lines: [
    {
      at: "2026-05-11T18:32:18.591Z",
      kind: "opened",
      id: null,
      change: 0,
      balance: 0,
      text: "The ledger was opened.",
    },
    {
      at: "2026-05-11T18:32:18.591Z",
      kind: "granted",
      id: "1c32ce73-8765-42a7-92af-ff370a0a59d6",
      change: 2050,
      balance: 2050,
      text: "2050 points were granted for EON2076, valid until 2027-05-11T18:32:18.591Z.",
    },
    {
      at: "2026-06-11T18:32:38.501Z",
      kind: "redeemed",
      id: "d85c0570-1d51-4611-bf2f-c67452384626",
      change: -50,
      balance: 2000,
      text: "50 points were exchanged for a coupon (50 from the grant for EON2076).",
    },
  ],
};

export const explanationOut = deferred(() =>
  z
    .object({
      customerId: z.string(),
      asOf: dateTime(),
      balance: z.int(),
      owedPoints: z
        .int()
        .openapi({ description: "Owed points: what returns took beyond what was there. They lower the balance." }),
      lots: z.array(
        z
          .object({
            id: z.string(),
            "reference-id": z.string().nullable(),
            points: z.int(),
            createdAt: dateTime(),
            validUntil: dateTime().nullable().openapi({ description: "Null when the points never expire." }),
            usedPoints: z.int(),
            expiredPoints: z.int(),
            remainingPoints: z.int(),
            usedBy: z.array(z.object({ id: z.string(), points: z.int(), at: dateTime() })),
          })
          .openapi("explainedLot"),
      ),
      omittedLots: z
        .int()
        .openapi({ description: "How many of the oldest lots are not listed. At most 2,000 lots are." }),
      earlier: z
        .object({
          entries: z.int().openapi({ description: "How many entries are summed up." }),
          until: dateTime().openapi({ description: "When the last of them was recorded." }),
          balance: z.int().openapi({ description: "The balance after it." }),
        })
        .nullable()
        .openapi({
          description:
            "What came before the first line, summed up; null when the lines begin with the opening. To see it in detail, request an explanation with `asOf` set to `until`. Lots that were used up or expired by then are not listed. For the other lots, `usedPoints` includes earlier uses, but `usedBy` does not name them.",
        }),
      lines: z.array(explainedLine()),
    })
    .openapi("explainedBalance", { example: explanationExample }),
);

const attributedLine = lazy(() =>
  explainedLine()
    .extend({
      actor: z.string().nullable().openapi({
        description: "Who caused it: a client, its employee, the customer or the service. Null when points expired.",
      }),
      reason: z.string().nullable().openapi({ description: "Why, in the words of whoever caused it." }),
    })
    .openapi("attributedLine"),
);

/** The explanation that employees get: it also names who caused each change, and why. */
export const attributedExplanationOut = deferred(() =>
  explanationOut
    .unwrap()
    .extend({ lines: z.array(attributedLine()) })
    .openapi("attributedBalance", {
      example: {
        ...explanationExample,
        lines: explanationExample.lines.map((line) => ({
          ...line,
          ...(line.kind === "redeemed"
            ? { actor: "customer:20242913", reason: "Voucher over 5 euros" }
            : { actor: "client:backoffice/user:42", reason: line.kind === "granted" ? "Order EON2076" : null }),
        })),
      },
    }),
);

export const verificationToWire = (verification: Verification): z.output<typeof verificationOut> => ({
  customerId: verification.customerId,
  sound: verification.findings.length === 0,
  checkedAt: timestamp(verification.checkedAt),
  entries: verification.entryCount,
  head: verification.head,
  activePoints: verification.activePoints,
  findings: [...verification.findings],
});

/** The explanation that customers get: it does not name who caused a change, or why. */
export function explanationToWire(explained: ExplainedBalance): z.output<typeof explanationOut> {
  const { lines, ...balance } = attributedExplanationToWire(explained);
  return { ...balance, lines: lines.map(({ actor: _actor, reason: _reason, ...line }) => line) };
}

export const attributedExplanationToWire = (
  explained: ExplainedBalance,
): z.output<typeof attributedExplanationOut> => ({
  customerId: explained.customerId,
  asOf: timestamp(explained.asOf),
  balance: explained.balance,
  owedPoints: explained.owedPoints,
  lots: explained.lots.map(({ referenceId, createdAt, validUntil, usedBy, ...lot }) => ({
    ...lot,
    "reference-id": referenceId,
    createdAt: timestamp(createdAt),
    validUntil: validUntil === null ? null : timestamp(validUntil),
    usedBy: usedBy.map((use) => ({ ...use, at: timestamp(use.at) })),
  })),
  omittedLots: explained.omittedLots,
  earlier: explained.earlier && { ...explained.earlier, until: timestamp(explained.earlier.until) },
  lines: explained.lines.map((line) => ({ ...line, at: timestamp(line.at) })),
});

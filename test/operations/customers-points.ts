import { call } from "../support/shop.ts";
import { amount, customerId, entryId, type Field, moment, naming, never, object, orNull, text } from "./fields.ts";
import type { OperationEntry, Subject } from "./operation-entry.ts";

const count = { "X-Total-Count": "true" };
const asOf = () => ({ asOf: new Date(Date.now() - 1_000).toISOString() });
const inMain = () => ({ siteCode: "main" });

const grantFields: Readonly<Record<string, Field>> = {
  id: entryId,
  "reference-id": naming("order", orNull(text(255))),
  description: text(2_000),
  points: amount,
  createdAt: moment,
  validUntil: moment,
};
const within = (name: string, fields: Readonly<Record<string, Field>>) =>
  Object.fromEntries(Object.entries(fields).map(([field, kind]) => [`${name}.${field}`, kind]));

/** Points that end may end at any moment, when they are from before all moments. */
const beginning = { createdAt: "0000-01-01T00:00:00Z" };
const ledgerTables = ["lots", "ledger_entries", "ledgers", "lot_usages"];

const newCustomer = (subject: Subject) => {
  subject.path["customerId"] = crypto.randomUUID();
};

async function newRichCustomer(subject: Subject): Promise<void> {
  newCustomer(subject);
  await call("POST", `/reward-points/customer/${subject.path["customerId"]}/addPoints`, {
    token: subject.employee,
    json: { points: Number.MAX_SAFE_INTEGER },
  });
}

type Items = readonly Record<string, unknown>[];

async function summaryOf({ employee, path }: Subject) {
  const { body } = await call("GET", `/reward-points/customer/${path["customerId"]}/summary`, { token: employee });
  return (body as { readonly summary: { readonly addedPointsList: Items; readonly redeemedPointsList: Items } })
    .summary;
}

/** What employees do with customers' points. */
export const customersPoints: Readonly<Record<string, OperationEntry>> = {
  "GET /reward-points/summaryBatch": {
    callers: "viewers",
    request: { query: () => ({ pageNumber: "1", pageSize: "10" }), headers: count },
    answers: { ok: 200, elsewhere: 200 },
    measured: [{}, { name: "a page, with the total", request: { query: "pageNumber=1", headers: count } }],
  },
  "GET /reward-points/customer/{customerId}": {
    callers: "viewers",
    // 404 only where the service is configured like Emporix's.
    answers: { ok: 200, refusals: [404], elsewhere: 200 },
  },
  "POST /reward-points/customer/{customerId}": {
    callers: "managers",
    request: {
      path: (_, word) => ({ customerId: `new-${word}` }),
      query: inMain,
      json: () => ({ startPoints: { points: 1 } }),
    },
    answers: { ok: 200, refusals: [409], elsewhere: 200 },
    fields: {
      // It must be the path's.
      customerId: naming(customerId.names, never),
      startPoints: object,
      ...within("startPoints", grantFields),
    },
    takesKey: true,
    written: {
      beside: { "startPoints.validUntil": { startPoints: { points: 1, ...beginning } } },
      fresh: newCustomer,
      read: async (subject) => ({ startPoints: (await summaryOf(subject)).addedPointsList[0] }),
      adds: ledgerTables,
    },
    measured: [{ name: "without points", request: { json: {} } }, { name: "with points without an end" }],
  },
  "DELETE /reward-points/customer/{customerId}": {
    callers: "managers",
    answers: { ok: 200, elsewhere: 200 },
    once: true,
  },
  "GET /reward-points/customer/{customerId}/summary": {
    callers: "viewers",
    answers: { ok: 200, refusals: [404], elsewhere: 404 },
  },
  "GET /reward-points/customer/{customerId}/explain": {
    callers: "viewers",
    request: { query: asOf },
    answers: { ok: 200, refusals: [404], elsewhere: 404 },
  },
  "GET /reward-points/customer/{customerId}/verify": {
    callers: "viewers",
    answers: { ok: 200, refusals: [404], elsewhere: 404 },
    measured: [{ isAudit: true }],
  },
  "POST /reward-points/customer/{customerId}/addPoints": {
    callers: "managers",
    request: { query: inMain, json: () => ({ points: 1 }) },
    answers: { ok: 201, refusals: [409], elsewhere: 201 },
    fields: grantFields,
    takesKey: true,
    written: {
      beside: { validUntil: beginning },
      fresh: newCustomer,
      read: async (subject) => (await summaryOf(subject)).addedPointsList[0],
      adds: ledgerTables,
    },
    fuzz: { weight: 20 },
    measured: (() => {
      const request = { json: { points: 5, validUntil: "2199-01-01T00:00:00Z" } };
      return [
        { request },
        { name: "with a key", request, isKeyed: true },
        { name: "again with its key", request, isKeyed: true, repeats: "near" },
        { name: "without an end" },
      ];
    })(),
  },
  "POST /reward-points/customer/{customerId}/redeemPoints": {
    callers: "managers",
    request: { json: () => ({ points: 1 }) },
    answers: { ok: 201, refusals: [409], elsewhere: 400 },
    fields: { id: entryId, description: text(2_000), points: amount },
    takesKey: true,
    written: {
      fresh: newRichCustomer,
      read: async (subject) => (await summaryOf(subject)).redeemedPointsList[0],
      adds: ["lot_usages", "ledger_entries"],
      changes: ["lots", "ledgers"],
    },
  },
};

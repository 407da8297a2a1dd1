import fc from "fast-check";
import { kindsOf } from "../../operations/callers.ts";
import type { OperationEntry } from "../../operations/operation-entry.ts";
import { entryOf } from "../../operations/table.ts";
import type { ApiDocument, Operation, Parameter } from "./fuzz-document.ts";
import { Drawn, drawnOf, orderEvents, type PoolName, ValuesFor } from "./fuzz-values.ts";

/** Who sends a request. */
export const callers = [
  "employee",
  "viewer",
  "cashier",
  "checkout",
  "customer-1",
  "customer-2",
  "customer-3",
  "guest",
  "stranger",
  "nobody",
  "garbage",
  "expired",
] as const;
export type Caller = (typeof callers)[number];

/** A request before it is known what earlier answers have told. */
export interface Plan {
  readonly kind: "request";
  readonly operation: Operation;
  readonly caller: Caller;
  /** By place and name: `path:code`. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly mediaType: number;
  readonly body: unknown;
  /** Which of the ways to break the request is taken; null leaves it whole. */
  readonly breakage: number | null;
}

/** What a sequence is made of. */
export type Step =
  | Plan
  /** The queue hands out the events that were taken in. */
  | { readonly kind: "deliver" };

/** A request with everything in its place, still to be written as text. */
export interface Request {
  readonly operation: Operation;
  readonly caller: Caller;
  readonly parameters: ReadonlyMap<Parameter, unknown>;
  readonly mediaType: string | null;
  readonly body: unknown;
}

export const customerCallers: readonly Caller[] = ["customer-1", "customer-2", "customer-3"];
/** The ids of the customers who have tokens, and of one who has none; some that must be escaped in paths. */
export const customerIds = ["C-1", "C-2", "Zo\u00eb #3/%25?&+\u{1f600}", "C-4"] as const;

export const customerOf = (caller: Caller): string | null => customerIds[customerCallers.indexOf(caller)] ?? null;

/** Everything that a sequence knows and can name again, the newest last. */
export type Pools = { readonly [Name in PoolName]: unknown[] };

export const newPools = (): Pools => ({
  coupon: [],
  currency: ["USD", "EUR"],
  customer: [...customerIds].reverse(),
  entry: ["E-3", "E-2", "E-1"],
  event: [],
  key: ["key 3", "key 2", "key 1"],
  mixin: ["other", "couponSettings"],
  option: [],
  order: ["EON-3", "EON-2", "EON-1"],
  redemption: [],
  site: ["second", "main", "main", "main"],
  version: [2, 1],
});

/** What stands for others replaced by what is known now. */
export function resolved(value: unknown, pools: Pools): unknown {
  if (value instanceof Drawn) {
    const pool = pools[value.pool];
    return pool.length === 0 ? value.otherwise : pool.at(-1 - (value.index % pool.length));
  }
  if (Array.isArray(value)) return value.map((item) => resolved(item, pools));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, resolved(member, pools)]));
}

/** @param tenant whose sequence it is */
export function requestOf(plan: Plan, pools: Pools, tenant: string): Request {
  const { operation, caller, body } = plan;
  const parameters = operation.parameters.flatMap((parameter): [Parameter, unknown][] => {
    if (parameter.name === "tenant") return [[parameter, tenant]];
    const value = plan.parameters[`${parameter.in}:${parameter.name}`];
    return value === undefined ? [] : [[parameter, resolved(value, pools)]];
  });
  const mediaTypes = [...(operation.body?.keys() ?? [])];
  return {
    operation,
    caller,
    parameters: new Map(parameters),
    mediaType: mediaTypes[plan.mediaType % mediaTypes.length] ?? null,
    body: resolved(body, pools),
  };
}

/** Random requests to all operations of the document, half of them to be broken, and deliveries in between. */
export function steps(document: ApiDocument): fc.Arbitrary<Step> {
  const requests = document.operations.map((operation) => ({
    weight: weightOf(operation),
    arbitrary: plansFor(operation, document),
  }));
  return fc.oneof({ weight: 30, arbitrary: fc.oneof(...requests) }, { weight: 1, arbitrary: delivery });
}

const delivery: fc.Arbitrary<Step> = fc.constant({ kind: "deliver" });

/** What the tests know of an operation. */
export const entryFor = ({ method, path }: Pick<Operation, "method" | "path">): OperationEntry =>
  entryOf(`${method} ${path}`);

/** What changes something is sent more often than what reads. */
const weightOf = (operation: Operation): number => {
  const { callers, fuzz } = entryFor(operation);
  if (fuzz?.weight !== undefined) return fuzz.weight;
  if (callers === "open" || operation.method === "DELETE") return 3;
  return operation.method === "POST" ? 10 : 5;
};

function plansFor(operation: Operation, document: ApiDocument): fc.Arbitrary<Step> {
  const values = new ValuesFor(operation);
  const given = operation.parameters.filter(({ name }) => name !== "tenant");
  const parameters = fc.record(
    Object.fromEntries(given.map((parameter) => [`${parameter.in}:${parameter.name}`, givenOf(parameter, values)])),
    { requiredKeys: given.filter(({ required }) => required).map(({ name, in: place }) => `${place}:${name}`) },
  );
  const suited = suitedCallers(operation);
  return fc.record({
    kind: fc.constant("request" as const),
    operation: fc.constant(operation),
    caller: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...suited) },
      { weight: 2, arbitrary: fc.constantFrom(...callers) },
    ),
    parameters: parameters as fc.Arbitrary<Plan["parameters"]>,
    mediaType: fc.nat(3),
    body: bodiesOf(operation, values, document),
    breakage: fc.oneof(fc.constant(null), fc.nat(1_000_000)),
  });
}

/** Headers are left out more often than not: a known key repeats a request, and no made-up signature is right. */
const givenOf = (parameter: Parameter, values: ValuesFor): fc.Arbitrary<unknown> =>
  parameter.in === "header"
    ? fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: values.parameter(parameter) })
    : values.parameter(parameter);

function bodiesOf(operation: Operation, values: ValuesFor, document: ApiDocument): fc.Arbitrary<unknown> {
  const [shape] = operation.body?.values() ?? [];
  if (shape === undefined) return fc.constant(undefined);
  const bodies = values.body(shape);
  const known = entryFor(operation).fuzz?.bodies;
  switch (known) {
    case undefined:
      return bodies;
    case "coupon-uses":
      return fc.oneof(bodies, plausibleUses);
    case "order-events":
      return orderEvents;
    case "client":
      return fc.oneof(bodies, fc.constant({ grant_type: "client_credentials", ...client }));
    case "settings": {
      // What is under `couponSettings` means something, and the document tells it only where it has its name.
      const settings = document.component("NamedMixins").schema.properties?.["couponSettings"];
      return settings === undefined ? bodies : fc.oneof(bodies, values.values(settings));
    }
    default:
      throw new Error(`Unknown bodies: ${known satisfies never}`);
  }
}

/** Uses that a coupon of ten percent allows: of what a schema allows, coupons refuse nearly all. */
const plausibleUses = fc
  .tuple(
    fc.integer({ min: 100, max: 300 }),
    fc.nat(10),
    drawnOf("order", "EON-1"),
    fc.option(drawnOf("customer", "C-1")),
  )
  .map(([total, discount, orderCode, customerNumber]) => ({
    orderTotal: { amount: total, currency: "USD" },
    discount: { amount: discount, currency: "USD" },
    orderCode,
    customerNumber,
  }));

/** An API client that the test has registered. */
export const client = { client_id: "fuzz", client_secret: "a secret with +, % and \u{1f600}" } as const;

/** Callers whom an operation is for. */
function suitedCallers(operation: Operation): readonly Caller[] {
  const kinds = kindsOf(entryFor(operation).callers);
  if (!kinds.includes("customer")) return ["employee"];
  return kinds.includes("employee") ? ["employee", "checkout", ...customerCallers] : customerCallers;
}

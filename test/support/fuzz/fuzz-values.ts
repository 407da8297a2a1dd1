import fc from "fast-check";
import type { Field } from "../../operations/fields.ts";
import { fieldOrNull } from "../../operations/table.ts";
import { type Operation, type Parameter, type Schema, Shape } from "./fuzz-document.ts";

/** What requests name that earlier answers, or the test, have made known. */
export type PoolName =
  | "coupon"
  | "currency"
  | "customer"
  | "entry"
  | "event"
  | "key"
  | "mixin"
  | "option"
  | "order"
  | "redemption"
  | "site"
  | "version";

/** Stands in a request for the `index`-th newest of what is known when the request is sent. */
export class Drawn {
  readonly pool: PoolName;
  readonly index: number;
  /** Where nothing is known yet. */
  readonly otherwise: unknown;

  constructor(pool: PoolName, index: number, otherwise: unknown) {
    this.pool = pool;
    this.index = index;
    this.otherwise = otherwise;
  }

  [fc.toStringMethod](): string {
    return `${this.pool} ${this.index}`;
  }
}

const pools: ReadonlySet<string> = new Set<PoolName>([
  ...(["customer", "entry", "event", "key", "mixin", "option", "order", "redemption", "site"] as const),
]);

/** What values of a field are drawn from; null when they are of no kind that is kept. */
function poolOf(field: Field | null): PoolName | null {
  if (field === null) return null;
  const { names, draws = null } = field;
  if (names === "code") return "coupon";
  return typeof names === "string" && pools.has(names) ? (names as PoolName) : draws;
}

/** Values that schemas of one operation allow. */
export class ValuesFor {
  readonly #operation: string;

  constructor({ method, path }: Pick<Operation, "method" | "path">) {
    this.#operation = `${method} ${path}`;
  }

  /** Values of a body. */
  body({ schema }: Shape): fc.Arbitrary<unknown> {
    return this.values(schema);
  }

  values(schema: Schema): fc.Arbitrary<unknown> {
    return this.#values(schema, "body:");
  }

  /** Values of a parameter, as they can stand in its place. */
  parameter({ in: place, name, shape }: Parameter): fc.Arbitrary<unknown> {
    if (place === "header" && shape.schema.pattern === undefined) return fc.constantFrom("true", "false", "TRUE", "1");
    const values = this.#values(shape.schema, `${place}:${name}`);
    const isPossible = possible[place];
    return values.filter((value) => isPossible(String(withoutDrawn(value))));
  }

  /** @param place `query:code`, or `body:coupon.name`; `body:` is the whole body */
  #values(schema: Schema, place: string): fc.Arbitrary<unknown> {
    const shape = new Shape(schema);
    const isComposed = [schema.allOf, schema.anyOf, schema.oneOf, schema.not].some((part) => part !== undefined);
    const alternatives = flattened(schema).map((flat) => this.#simple(flat, place));
    const values =
      alternatives.length === 1 && alternatives[0] !== undefined ? alternatives[0] : fc.oneof(...alternatives);
    const allowed = isComposed ? values.filter((value) => shape.accepts(withoutDrawn(value))) : values;
    const pool = poolOf(fieldOrNull(this.#operation, place));
    if (pool === null || typesOf(schema).every((type) => type === "object" || type === "array")) return allowed;
    const drawn = fc.tuple(fc.nat(15), allowed).map(([index, otherwise]) => new Drawn(pool, index, otherwise));
    return fc.oneof({ weight: 5, arbitrary: drawn }, { weight: 1, arbitrary: allowed });
  }

  /** Values of a schema that has no alternatives. */
  #simple(schema: Schema, place: string): fc.Arbitrary<unknown> {
    if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
    const ofType = typesOf(schema).map((type): fc.Arbitrary<unknown> => {
      switch (type) {
        case "string":
          return textsOf(schema);
        case "integer":
          return integersOf(schema);
        case "number":
          return numbersOf(schema);
        case "boolean":
          return fc.boolean();
        case "null":
          return fc.constant(null);
        case "array":
          return fc.array(this.#values(schema.items ?? {}, `${place}[]`), {
            maxLength: Math.min(schema.maxItems ?? 3, 3),
          });
        case "object":
          return this.#objects(schema, place);
        default:
          throw new Error(`Unknown type: ${type}`);
      }
    });
    return ofType.length === 0 ? anyJson : fc.oneof(...ofType);
  }

  #objects(schema: Schema, place: string): fc.Arbitrary<unknown> {
    const { required = [], minProperties = 0 } = schema;
    const members = Object.entries(schema.properties ?? {}).map(
      ([name, member]) =>
        [name, this.#values(member, place.endsWith(":") ? `${place}${name}` : `${place}.${name}`)] as const,
    );
    const names = textsOf(schema.propertyNames ?? {}).filter((name) => schema.properties?.[name] === undefined);
    const more = schema.additionalProperties ?? {};
    const others = this.#values(typeof more === "boolean" ? {} : more, `${place}.*`);
    const known = fc.record(Object.fromEntries(members), { requiredKeys: [...required] });
    if (more === false) return known;
    // What a schema does not know is ignored, or kept where that is all there is.
    const unknown = fc.dictionary(names, others, { maxKeys: members.length === 0 ? 3 : 1 });
    return fc
      .oneof(
        { weight: members.length === 0 ? 0 : 6, arbitrary: known },
        { weight: 1, arbitrary: fc.tuple(unknown, known) },
      )
      .map((value) => (Array.isArray(value) ? { ...value[0], ...value[1] } : value))
      .filter((value) => Object.keys(value).length >= minProperties);
  }
}

/** Headers lose the blanks around them, and paths what stands for a step in a folder, before they are sent. */
const possible: Readonly<Record<Parameter["in"], (text: string) => boolean>> = {
  path: (text) => !/^\.{0,2}$/.test(text),
  query: () => true,
  header: (text) => text.trim() === text && text !== "",
};

const typesOf = ({ type, properties }: Schema): readonly string[] => {
  if (type === undefined) return properties === undefined ? [] : ["object"];
  return typeof type === "string" ? [type] : type;
};

/** The alternatives that a schema's `allOf`, `anyOf` and `oneOf` leave, each without them. */
function flattened({ allOf = [], anyOf, oneOf, not, ...base }: Schema): readonly Schema[] {
  const kept = not?.required === undefined ? base : withoutMember(base, not.required[0] ?? "");
  const choices = [...allOf.map((part) => [part]), ...[anyOf, oneOf].filter((parts) => parts !== undefined)];
  return choices.reduce<readonly Schema[]>(
    (alternatives, parts) =>
      alternatives.flatMap((alternative) =>
        parts.flatMap((part) => flattened(part).map((flat) => merged(alternative, flat, part.not?.required?.[0]))),
      ),
    [kept],
  );
}

function withoutMember(schema: Schema, member: string): Schema {
  const { [member]: _left, ...properties } = schema.properties ?? {};
  return { ...schema, properties };
}

function merged(left: Schema, right: Schema, forbidden?: string): Schema {
  const properties: Record<string, Schema> = { ...left.properties };
  for (const [name, member] of Object.entries(right.properties ?? {})) {
    const before = properties[name];
    properties[name] = before === undefined ? member : merged(before, member);
  }
  const both = {
    ...left,
    ...right,
    ...(left.properties === undefined && right.properties === undefined ? {} : { properties }),
    required: [...(left.required ?? []), ...(right.required ?? [])],
  };
  return forbidden === undefined ? both : withoutMember(both, forbidden);
}

/** A value with what stands for others in their places. */
function withoutDrawn(value: unknown): unknown {
  if (value instanceof Drawn) return value.otherwise;
  if (Array.isArray(value)) return value.map(withoutDrawn);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutDrawn(member)]));
}

const anyJson = fc.jsonValue({ maxDepth: 2 });

const plainCharacters = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_");
/** Characters that mean something in paths, SQL, JSON or to a terminal, and such as are more than one unit or sign. */
const oddCharacters = fc.constantFrom(
  ...[
    ..." /\\?#&=+%;:,.~*'\"`<>{}[]()|^$@!_\t\n\r\u0000\u0007\u001b\u007f\u0085\u00a0\u00ad\u00df\u0130\u0301\u05d0\u061c",
  ],
  ...[
    "\u200d",
    "\u202e",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\ufffd",
    "\uffff",
    "\u{1f600}",
    "\u{1f468}\u200d\u{1f469}",
    "\u{10ffff}",
  ],
);
/** Longer texts than this would only make the run slow. */
const textLengthMax = 2_000;

function textsOf(schema: Schema): fc.Arbitrary<string> {
  const { minLength = 0, maxLength = 64, pattern, format } = schema;
  if (format === "date-time") return moments;
  const expression = new RegExp(pattern ?? "", "u");
  const isAllowed = (text: string): boolean => {
    const { length } = [...text];
    return length >= minLength && length <= maxLength && text.isWellFormed() && expression.test(text);
  };
  // Patterns that only forbid some characters are met by nearly every text, the others have to be made.
  const isMade = pattern !== undefined && !pattern.includes("[^") && !pattern.includes("(?!");
  if (isMade) return fc.stringMatching(new RegExp(pattern)).filter(isAllowed);
  const isTerms = pattern?.includes("):[^") ?? false;
  if (isTerms) return termsOf(pattern ?? "").filter(isAllowed);
  const plain = fc.string({ unit: plainCharacters, minLength, maxLength: Math.min(maxLength, 20) });
  const long = Math.min(maxLength, textLengthMax);
  const odd = fc.string({ unit: oddCharacters, minLength, maxLength: Math.min(maxLength, 8) });
  const longest = fc.constantFrom("x".repeat(long), "\u{1f600}".repeat(long), "\u00e9".repeat(long));
  return fc
    .oneof({ weight: 8, arbitrary: plain }, { weight: 3, arbitrary: odd }, { weight: 1, arbitrary: longest })
    .filter(isAllowed);
}

/** Texts of terms `field:value`, as the pattern of a list's `q` has them. */
function termsOf(pattern: string): fc.Arbitrary<string> {
  const fields = /\(\?:([A-Za-z|]+)\):/.exec(pattern)?.[1]?.split("|") ?? [];
  const value = fc.string({ unit: plainCharacters, minLength: 1, maxLength: 8 });
  const known = fc.constantFrom("VALID", "USED", "C-1", "C-2", "EON-1");
  const term = fc.tuple(fc.constantFrom(...fields), fc.oneof(known, value)).map((parts) => parts.join(":"));
  return fc.array(term, { maxLength: 2 }).map((terms) => terms.join(" "));
}

const dayMs = 86_400_000;

const moments: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.integer({ min: -3_000, max: 60_000 }), fc.nat(dayMs - 1), fc.constantFrom("Z", "+02:00", "-11:30"))
      .map(([day, ms, zone]) => new Date(Date.UTC(2026, 0, 1) + day * dayMs + ms).toISOString().replace("Z", zone)),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom("2020-02-29T23:59:59Z", "2026-01-01T00:00:00.5+14:00", "1969-12-31T00:00:00Z"),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "0000-01-01T00:00:00Z",
      "9999-12-31T23:59:59.999999Z",
      "0000-01-01T00:00:00+00:01",
      "9999-12-31T23:59:59-00:01",
    ),
  },
);

function integersOf({ minimum, maximum }: Schema): fc.Arbitrary<number> {
  const min = minimum ?? -1_000;
  const max = maximum ?? 1_000_000;
  const small = fc.integer({ min: Math.max(min, -20), max: Math.min(max, 200) });
  return fc.oneof(
    { weight: 10, arbitrary: small },
    { weight: 1, arbitrary: fc.constantFrom(min, max) },
    { weight: 1, arbitrary: fc.integer({ min, max }) },
  );
}

function numbersOf({ minimum = 0, maximum = Number.MAX_VALUE }: Schema): fc.Arbitrary<number> {
  const range = { min: minimum, max: maximum };
  const cents = fc
    .integer({ min: Math.ceil(minimum * 100), max: Math.min(maximum, 300) * 100 })
    .map((value) => value / 100);
  return fc.oneof(
    { weight: 6, arbitrary: cents },
    { weight: 4, arbitrary: fc.integer({ min: Math.ceil(minimum), max: Math.min(maximum, 300) }) },
    { weight: 1, arbitrary: fc.double({ ...range, noNaN: true, noDefaultInfinity: true }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...[5e-324, 0.1 + 0.2, maximum, minimum].filter((value) => value >= minimum)),
    },
  );
}

export const drawnOf = (pool: PoolName, otherwise: string) =>
  fc.nat(15).map((index) => new Drawn(pool, index, otherwise));

/** Events as the order service sends them; the document leaves open what is in them. */
export const orderEvents: fc.Arbitrary<unknown> = (() => {
  const order = fc.record({
    id: drawnOf("order", "EON-1"),
    status: fc.constantFrom("COMPLETED", "COMPLETED", "COMPLETED", "CREATED", "CLOSED"),
    siteCode: drawnOf("site", "main"),
    customer: fc.record({ id: drawnOf("customer", "C-1") }),
    totalPrice: numbersOf({ maximum: 1_000 }),
    currency: fc.constant("EUR"),
  });
  const returned = fc.record({
    id: fc.constantFrom("R-1", "R-2"),
    approvalStatus: fc.constantFrom("APPROVED", "APPROVED", "REJECTED"),
    received: fc.boolean(),
    orders: fc.array(fc.record({ id: drawnOf("order", "EON-1"), items: fc.constant([{ id: "item", quantity: 1 }]) }), {
      minLength: 1,
      maxLength: 2,
    }),
    requestor: fc.record({ customerId: drawnOf("customer", "C-1") }),
    total: fc.record({ value: numbersOf({ maximum: 1_000 }), currency: fc.constant("EUR") }),
  });
  const envelope = (payload: fc.Arbitrary<unknown>, ...types: readonly string[]) =>
    fc.tuple(fc.constantFrom("type", "eventType"), fc.constantFrom(...types), payload).map(([name, type, content]) => ({
      [name]: type,
      payload: content,
    }));
  return fc.oneof(
    { weight: 4, arbitrary: envelope(order, "order.updated", "order.created") },
    { weight: 1, arbitrary: order },
    { weight: 3, arbitrary: envelope(returned, "return.updated", "return.created") },
    { weight: 1, arbitrary: envelope(fc.record({ id: drawnOf("order", "EON-1") }), "order.deleted") },
    { weight: 1, arbitrary: envelope(fc.record({ id: fc.constantFrom("R-1", "R-2") }), "return.deleted") },
    { weight: 1, arbitrary: envelope(fc.record({ customerNumber: drawnOf("customer", "C-1") }), "customer.deleted") },
    { weight: 1, arbitrary: fc.dictionary(fc.string(), anyJson, { maxKeys: 3 }) },
  );
})();

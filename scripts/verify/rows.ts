/** A measured property of the service. */
export interface Row {
  readonly name: string;
  /** What it shows, in a few words. */
  readonly shows: string;
  /** What the number of a full run must be, in words and as a rule. */
  readonly target: string;
  readonly isMet: (number: number) => boolean;
  /** A test file, run by vitest, or a script, run by Node.js. Each prints a line `[verify] {"row": …, "number": …}`. */
  readonly file: `test/${string}.test.ts` | `scripts/verify/${string}.ts`;
  /** How long a full run takes at most, with another one beside it on two cores. */
  readonly secondsMax: number;
  /** Whether it runs by itself, and not in `npm test`: it measures the machine, or keeps all of it busy. */
  readonly isAlone?: true;
}

const nothing = (number: number): boolean => number === 0;
const atLeast =
  (least: number) =>
  (number: number): boolean =>
    number >= least;

/** All rows of docs/reliability.md, in its order. */
export const rows: readonly Row[] = [
  {
    name: "races",
    shows: "2 to 1,000 redemptions of one customer at once, over HTTP",
    target: "0 of at least 200 cases wrong",
    isMet: nothing,
    file: "scripts/verify/races.ts",
    secondsMax: 150,
  },
  {
    name: "repetitions",
    shows: "one idempotency key 200 times at once, with another body, by another caller",
    target: "0 keys with other than one effect",
    isMet: nothing,
    file: "scripts/verify/repetitions.ts",
    secondsMax: 60,
  },
  {
    name: "faults",
    shows: "every call to the outside fails: before, after, by silence, and the object is evicted",
    target: "all of at least 1,200 faults settled in at most 3 tries",
    isMet: atLeast(1_200),
    file: "test/trust/faults.test.ts",
    secondsMax: 200,
  },
  {
    name: "kills",
    shows: "SIGKILL of the runtime under load, at least 50 times",
    target: "0 of at least 20,000 acknowledged operations lost or doubled",
    isMet: nothing,
    file: "scripts/verify/kills.ts",
    secondsMax: 300,
  },
  {
    name: "lanes",
    shows:
      "a commit lane that is killed at least 50 times, stalls, is late, loses answers and carries out twice, under load",
    target: "0 of at least 20,000 acknowledged operations lost or doubled",
    isMet: nothing,
    file: "scripts/verify/lanes.ts",
    secondsMax: 300,
  },
  {
    name: "model",
    shows: "random commands against a pure model, time under control",
    target: "at least 1,000,000 commands",
    isMet: atLeast(1_000_000),
    file: "test/trust/model.test.ts",
    secondsMax: 120,
  },
  {
    name: "order-histories",
    shows:
      "orders, whole or split, and their returns, told in any order and to several consumers, against their latest states",
    target: "at least 100,000 histories",
    isMet: atLeast(100_000),
    file: "test/trust/order-histories.test.ts",
    secondsMax: 600,
  },
  {
    name: "interleavings",
    shows: "3 to 8 flows on one customer, in random orders of all their steps",
    target: "at least 10,000 interleavings",
    isMet: atLeast(10_000),
    file: "test/trust/interleavings.test.ts",
    secondsMax: 120,
  },
  {
    name: "tampering",
    shows: "rows changed, deleted, swapped and put in behind the service's back",
    target: "at least 1,000, all found",
    isMet: atLeast(1_000),
    file: "test/trust/tampering.test.ts",
    secondsMax: 60,
  },
  {
    name: "sabotage",
    shows: "the tests are run against copies that were broken on purpose",
    target: "at least 25, all caught",
    isMet: atLeast(25),
    file: "scripts/verify/sabotage.ts",
    secondsMax: 400,
  },
  {
    name: "mutation",
    shows: "mutants of a third of the rules that their tests find",
    target: "at least 90 %",
    isMet: atLeast(90),
    file: "scripts/verify/mutation.ts",
    secondsMax: 1_200,
    isAlone: true,
  },
  {
    name: "authorization",
    shows: "every operation with each kind of token that operations answer differently, two with all other kinds, too",
    target: "every cell has its answer, at least 16 kinds for each operation",
    isMet: atLeast(42 * 16),
    file: "test/access/http/authorization.test.ts",
    secondsMax: 60,
  },
  {
    name: "strangers",
    shows: "ids of other customers and tenants in every path, query and body",
    target: "every one answered like an id that nobody has",
    isMet: atLeast(100),
    file: "test/trust/strangers.test.ts",
    secondsMax: 30,
  },
  {
    name: "fuzz",
    shows: "random requests made from the OpenAPI document, half of them broken",
    target: "at least 100,000 requests",
    isMet: atLeast(100_000),
    file: "test/trust/fuzz.test.ts",
    secondsMax: 900,
  },
  {
    name: "bad-input",
    shows: "hand-kept bad values in all fields",
    target: "at least 400 cases",
    isMet: atLeast(400),
    file: "test/trust/bad-input.test.ts",
    secondsMax: 150,
  },
  {
    name: "signatures",
    shows: "webhook signatures that are right, and that are not",
    target: "at least 20 vectors",
    isMet: atLeast(20),
    file: "test/trust/signatures.test.ts",
    secondsMax: 30,
  },
  {
    name: "overload",
    shows: "more load than it can answer, for 80 s",
    target: "0 answers other than 2xx, 429 and 503; refused and as before within 5 s",
    isMet: nothing,
    file: "scripts/verify/overload.ts",
    secondsMax: 200,
    isAlone: true,
  },
  {
    name: "keys",
    shows: "the issuer's keys change under load, and the issuer goes down",
    target: "0 valid requests refused",
    isMet: nothing,
    file: "scripts/verify/keys.ts",
    secondsMax: 90,
  },
  {
    name: "backup",
    shows: "backup and restore of everything, with 100,000 entries more, killed at least 8 times on the way",
    target: "0 rows and answers different",
    isMet: nothing,
    file: "scripts/verify/backup.ts",
    secondsMax: 400,
  },
];

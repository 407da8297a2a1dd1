import type { LedgerHead } from "../../application/ports.ts";
import type { LedgerKey } from "../../domain/decide.ts";
import { inParameters } from "./json-parameters.ts";
import type { ledgerEntries } from "./schema.ts";

/**
 * What a commit consists of, by the columns of the view `ledger_commits` in drizzle/: its trigger makes the checks and
 * stores each list in its table, in this order, and refuses everything when one of them does not fit.
 */
const columnsOfLists = {
  terms: "terms",
  fromStates: "from_states",
  entries: "entries",
  openings: "openings",
  heads: "heads",
  lots: "lots",
  usages: "usages",
  lapses: "lapses",
  coupons: "coupons",
  givenBack: "given_back_coupons",
  exchanges: "exchanges",
  steps: "steps",
  forgotten: "forgotten",
  records: "records",
} as const;

export type CommitList = keyof typeof columnsOfLists;

type EntryKind = (typeof ledgerEntries.$inferSelect)["kind"];

/** The rows of a commit, with the property names of schema.ts. */
export type CommitRows = Readonly<Record<CommitList, readonly unknown[]>> & {
  readonly entries: readonly { readonly kind: EntryKind }[];
};

const allLists = Object.keys(columnsOfLists) as readonly CommitList[];

export interface CommitView {
  readonly name: string;
  readonly lists: readonly CommitList[];
  /** Kinds of entries whose columns it has; null when it has all columns. */
  readonly kinds: readonly EntryKind[] | null;
  /** Whether it can be held against the ledger's head, which a commit with entries need not be. */
  readonly follows: boolean;
}

/** The smaller a view's trigger is, the less SQLite has to compile: the first one that has all that is needed is taken. */
export const commitViews: readonly CommitView[] = [
  {
    name: "ledger_redemptions",
    lists: ["terms", "entries", "heads", "usages", "coupons", "records"],
    kinds: ["redeemed"],
    follows: false,
  },
  {
    name: "ledger_grants",
    lists: ["entries", "openings", "heads", "lots", "records"],
    kinds: ["opened", "granted"],
    follows: false,
  },
  { name: "ledger_commits", lists: allLists, kinds: null, follows: true },
];

/** The view's columns, in the order of the parameters. */
export const columnsOf = ({ lists, follows }: CommitView): readonly string[] => [
  "tenant",
  "customer_id",
  ...(follows ? ["follows"] : []),
  ...lists.map((list) => columnsOfLists[list]),
];

const insertions = new Map(
  commitViews.map((view) => {
    const columns = columnsOf(view);
    const places = columns.map((_, index) => `?${index + 1}`);
    return [view, `insert into ${view.name} (${columns.join(", ")}) values (${places.join(", ")})`];
  }),
);

/**
 * The statements that carry out a commit, in one batch: one, unless a list is too long for a parameter.
 * @param follows the head that the ledger must have; null when the first entry tells
 */
export function commitStatements(
  database: D1Database,
  key: LedgerKey,
  rows: CommitRows,
  follows: LedgerHead | null,
): readonly D1PreparedStatement[] {
  const parameters = new Map(allLists.map((list) => [list, inParameters(rows[list])]));
  const kinds = rows.entries.map(({ kind }) => kind);
  return slicesOf(parameters).map((slice, index) => {
    const head = index === 0 ? follows : null;
    const needed = [...slice.keys()];
    const view = commitViews.find(
      (one) =>
        (head === null || one.follows) &&
        needed.every((list) => one.lists.includes(list)) &&
        (one.kinds === null || !slice.has("entries") || kinds.every((kind) => one.kinds?.includes(kind))),
    );
    const text = view === undefined ? undefined : insertions.get(view);
    if (view === undefined || text === undefined) throw new Error("No view takes all lists.");
    const lists = view.lists.map((list) => slice.get(list) ?? null);
    return database.prepare(text).bind(key.tenant, key.customerId, ...(view.follows ? [head] : []), ...lists);
  });
}

/** What each statement stores, as JSON by list: one has it all, unless a list is too long for a parameter. */
function slicesOf(parameters: ReadonlyMap<CommitList, readonly string[]>): readonly ReadonlyMap<CommitList, string>[] {
  const pieces = [...parameters].flatMap(([list, texts]) => texts.map((text) => [list, text] as const));
  const isShort = [...parameters.values()].every((texts) => texts.length <= 1);
  return isShort ? [new Map(pieces)] : pieces.map((piece) => new Map([piece]));
}

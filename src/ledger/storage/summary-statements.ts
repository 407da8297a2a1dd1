import type { Entry } from "../rules/entry.ts";
import type { GrantedPoints, ListFormat, RedeemedPoints, SummaryFormat } from "../use-cases/summary.ts";

/**
 * Customers with more entries are read separately, one row per entry. A text of this many entries, with the longest
 * possible descriptions, stays below D1's limit of 2 MB per row.
 */
const entriesInOneText = 100;

/** Entries per read: less than a megabyte. */
const entriesPerPage = 3_000;

/** The most customers in one read page. */
export const customersPerPageMax = 300;

/** SQL in which SQLite writes summaries as JSON. The parameters are the tenant, the customer and the current time. */
export interface SummaryStatements {
  /**
   * The summaries of the customers after the given one, by customer id, as {@link PageRow}s. The fourth parameter
   * limits the number of customers. The page also ends with the customer whose entries fill it.
   */
  readonly page: string;
  /** One customer's summary, as a {@link OneRow}; no row when there is no such ledger. */
  readonly one: string;
  /** One customer's summary of any length, as {@link EntryRow}s, oldest first; no row when there is no such ledger. */
  readonly entries: string;
  /** Joins the rows that `entries` returned into one summary. */
  readonly join: (customerId: string, rows: readonly EntryRow[]) => string;
}

/** Customer id, number of entries, the summary (null when it is too long for one row), and the place in the page. */
export type PageRow = readonly [customerId: string, entries: number, text: string | null, place: number];

export type OneRow = readonly [text: string | null];

/** One entry. `points` is what it adds to the active points; `owed` is the ledger's, and the same in every row. */
export type EntryRow = readonly [list: ListName | null, text: string | null, points: number, owed: number];

type ListName = "granted" | "redeemed";

/** Whether no customers follow a page that was limited to `limit` customers. */
export const isLastPage = (rows: readonly PageRow[], limit: number): boolean =>
  rows.length < limit && rows.reduce((sum, [, entries]) => sum + entries, 0) < entriesPerPage;

const known = new WeakMap<SummaryFormat, SummaryStatements>();

/** The statements for a format; built once per format. */
export function summaryStatements(format: SummaryFormat): SummaryStatements {
  const statements = known.get(format) ?? statementsFor(format);
  known.set(format, statements);
  return statements;
}

/** The list of a summary that shows each kind of entry; null: no list does. */
const listOfKind: Readonly<Record<Exclude<Entry["kind"], "erased">, ListName | null>> = {
  opened: null,
  granted: "granted",
  // Shows in the lots: less of them is used.
  restored: null,
  refunded: "granted",
  redeemed: "redeemed",
  reversed: "redeemed",
  settled: "redeemed",
  "reversal-undone": null,
  // Shows in the contract's lists as the lot's end.
  expired: null,
};

function statementsFor(format: SummaryFormat): SummaryStatements {
  const [granted, redeemed] = [isShownIn("granted"), isShownIn("redeemed")];
  const grantedText = objectText(format.granted, grantedValues);
  const redeemedText = objectText(format.redeemed, redeemedValues);
  const [open, beforePoints, beforeGranted, beforeRedeemed, close] = frameOf(format);
  const inOrder = (text: string, condition: string): string =>
    `ifnull(group_concat(${text}, ',' order by e.created_at, e.sequence) filter (where ${condition}), '')`;
  const text = `iif(g.sequence <= ${entriesInOneText}, (
    select ${quoted(open)} || json_quote(g.customer_id) || ${quoted(beforePoints)}
      || (ifnull(sum(${remaining}) filter (where ${granted} and ${isActive}), 0) - g.owed) || ${quoted(beforeGranted)}
      || ${inOrder(grantedText, granted)} || ${quoted(beforeRedeemed)}
      || ${inOrder(redeemedText, redeemed)} || ${quoted(close)}
    from ledger_entries e ${withLots}
    where e.tenant = g.tenant and e.customer_id = g.customer_id), null)`;
  return {
    // Readers sort by `place`. That costs less than another sort in SQL, which would move the texts.
    page: `with g as (
        select tenant, customer_id, owed, sequence, place from (
          select tenant, customer_id, owed, sequence, row_number() over (order by customer_id) as place,
            sum(sequence) over (order by customer_id rows unbounded preceding) - sequence as earlier
          from (select tenant, customer_id, owed, sequence from ledgers
            where tenant = ?1 and customer_id > ?2 order by customer_id limit ?4)
        ) where earlier < ${entriesPerPage})
      select g.customer_id, g.sequence, ${text}, g.place from g`,
    one: `select ${text} from ledgers g where g.tenant = ?1 and g.customer_id = ?2`,
    entries: `select iif(${granted}, 'granted', iif(e.kind is null, null, 'redeemed')),
        iif(${granted}, ${grantedText}, ${redeemedText}), iif(${granted} and ${isActive}, ${remaining}, 0), g.owed
      from ledgers g
      left join ledger_entries e
        on e.tenant = g.tenant and e.customer_id = g.customer_id and (${granted} or ${redeemed}) ${withLots}
      where g.tenant = ?1 and g.customer_id = ?2
      order by e.created_at, e.sequence`,
    join(customerId, rows) {
      const activePoints = rows.reduce((sum, [, , points]) => sum + points, 0) - (rows[0]?.[3] ?? 0);
      const listed = (name: ListName): string =>
        rows.flatMap(([list, entry]) => (list === name && entry !== null ? [entry] : [])).join();
      return [
        open,
        JSON.stringify(customerId),
        beforePoints,
        activePoints,
        beforeGranted,
        listed("granted"),
        beforeRedeemed,
        listed("redeemed"),
        close,
      ].join("");
    },
  };
}

/** The text around the customer's id, the active points and the two lists. */
const frameOf = ({ customerId, activePoints, lists, granted, redeemed }: SummaryFormat) =>
  [
    `{${JSON.stringify(customerId)}:`,
    `,${JSON.stringify(activePoints)}:`,
    `,${JSON.stringify(lists)}:{${JSON.stringify(granted.name)}:[`,
    `],${JSON.stringify(redeemed.name)}:[`,
    "]}}",
  ] as const;

/** A member's value, read from an entry `e` and its lot `l`. */
interface Value {
  /** SQL for its JSON text. */
  readonly text: string;
  /** SQL for whether there is no value; unset if there always is one. */
  readonly isAbsent?: string;
}

const redeemedValues: Readonly<Record<keyof RedeemedPoints, Value>> = {
  id: { text: "json_quote(e.entry_id)" },
  description: { text: "json_quote(e.description)", isAbsent: "e.description is null" },
  points: { text: "e.points" },
  createdAt: { text: momentText("e.created_at") },
  balanceAfter: { text: "e.balance_after" },
  actor: { text: "json_quote(e.actor)" },
};

const grantedValues: Readonly<Record<keyof GrantedPoints, Value>> = {
  ...redeemedValues,
  referenceId: { text: "json_quote(e.reference_id)", isAbsent: "e.reference_id is null" },
  validUntil: { text: momentText("e.valid_until"), isAbsent: "e.valid_until is null" },
  usedPoints: { text: "ifnull(l.used_points, 0)" },
  usedWith: {
    text: `iif(l.used_points > 0, (select json_group_array(id order by first) from (
        select taken_by as id, min(sequence) as first from lot_usages
        where tenant = e.tenant and customer_id = e.customer_id and lot_id = e.entry_id
        group by taken_by having sum(points) > 0
      )), '[]')`,
  },
};

const withLots = "left join lots l on l.tenant = e.tenant and l.customer_id = e.customer_id and l.lot_id = e.entry_id";
const remaining = "e.points - ifnull(l.used_points, 0)";
const isActive = "(e.valid_until is null or e.valid_until > ?3)";

/**
 * The JSON text of a moment, exactly as JavaScript's toISOString writes it in the years 0000 to 9999, which no entry
 * leaves. Dividing milliseconds by 1,000 is off by less than a thousandth of a millisecond, and SQLite rounds to whole
 * milliseconds.
 */
export function momentText(column: string): string {
  return `ifnull(strftime('"%Y-%m-%dT%H:%M:%fZ"', ${column} / 1000.0, 'unixepoch'), 'null')`;
}

/** An object as text. `concat` copies each part once; each `||` in a chain copies everything before it again. */
function objectText<Item>({ members }: ListFormat<Item>, values: Readonly<Record<keyof Item & string, Value>>): string {
  const parts = members.flatMap(({ name, tells, isOptional }, index) => {
    const { text, isAbsent } = values[tells];
    const before = quoted(`${index === 0 ? "{" : ","}${JSON.stringify(name)}:`);
    return isOptional && isAbsent !== undefined
      ? [`iif(${isAbsent}, '', ${before})`, `iif(${isAbsent}, '', ${text})`]
      : [before, text];
  });
  return `concat(${parts.join(", ")}, '}')`;
}

const isShownIn = (list: ListName): string =>
  `e.kind in (${Object.entries(listOfKind)
    .filter(([, shownIn]) => shownIn === list)
    .map(([kind]) => quoted(kind))
    .join(", ")})`;

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

import type { LedgerAnswer } from "../../src/application/ports.ts";
import type { ExchangeTerms, LedgerCommand, Outcome, TakeBack } from "../../src/domain/command.ts";
import type { ExchangeState, GivingBackTerms } from "../../src/domain/exchange.ts";
import type { LedgerFailure } from "../../src/domain/failure.ts";
import type { Grant } from "../../src/domain/grant.ts";

// What the ledgers of one tenant do, written once more, from the documentation and without the code that it is
// compared with: lots are a plain list that nothing ever leaves, a balance is a sum, and nothing is shared.

export interface ModelLot {
  readonly id: string;
  readonly points: number;
  readonly left: number;
  readonly from: number;
  readonly until: number | null;
  /** Whether the journal tells that the rest of it has lapsed. */
  readonly isEntered: boolean;
}

/** Points that were taken from a lot. */
interface Part {
  readonly lot: string;
  readonly points: number;
  readonly until: number | null;
}

interface TakenBack {
  readonly id: string;
  readonly commandId: string;
  readonly orderId: string;
  readonly returnId: string | null;
  readonly value: string | null;
  readonly requested: number;
  readonly lapsed: number;
  readonly parts: readonly Part[];
  readonly owed: number;
  readonly absorbed: number;
  readonly isUndone: boolean;
  /** The command that has undone it, and what came back. */
  readonly undoneBy: { readonly commandId: string; readonly points: number } | null;
}

export interface Account {
  /** Null: not open. */
  readonly openedBy: string | null;
  readonly lots: readonly ModelLot[];
  readonly owed: number;
  readonly absorbed: number;
  /** What a repetition of a grant, redemption or exchange is recognized by. */
  readonly known: readonly { id: string; commandId: string; fingerprint: string | null; outcome: Outcome }[];
  readonly orders: readonly { orderId: string; value: string; lot: string }[];
  readonly takeBacks: readonly TakenBack[];
}

export interface World {
  readonly accounts: Readonly<Record<string, Account>>;
  readonly keys: Readonly<Record<string, { customer: string; fingerprint: string; result: LedgerAnswer["result"] }>>;
  readonly coupons: Readonly<Record<string, ModelCoupon>>;
  readonly exchanges: Readonly<Record<string, ModelExchange>>;
}

interface ModelExchange {
  readonly customer: string;
  readonly state: ExchangeState;
  readonly parts: readonly Part[];
  /** When it last went on. */
  readonly movedAt: number;
}

export interface ModelCoupon {
  /** Null: whoever has the code. */
  readonly owner: string | null;
  readonly paidBy: string;
  readonly parts: readonly Part[];
  readonly until: number | null;
  readonly uses: number;
  readonly isGivenBack: boolean;
  /** 0 before. */
  readonly givenBackAt: number;
}

const closed: Account = { openedBy: null, lots: [], owed: 0, absorbed: 0, known: [], orders: [], takeBacks: [] };

export const emptyWorld: World = { accounts: {}, keys: {}, coupons: {}, exchanges: {} };

export const accountOf = (world: World, customer: string): Account => world.accounts[customer] ?? closed;

/** What a customer can spend at `now`; negative by what is owed. */
export const balanceOf = ({ lots, owed }: Account, now: number): number =>
  sum(lots.filter((lot) => isLive(lot, now)).map((lot) => lot.left)) - owed;

/** What a command leads to: the world after it, and its answer. */
interface Told {
  readonly world: World;
  readonly answer: LedgerAnswer;
}

/** As {@link Told}, before anything is noted under the command's key. */
interface Done {
  readonly world: World;
  readonly result: LedgerAnswer["result"];
  readonly isRepetition?: boolean;
  /** True when what another ledger has stands against it: such an answer is not kept. */
  readonly isBarred?: boolean;
  /** Of an exchange. */
  readonly balanceAfter?: number;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const isLive = (lot: { readonly until: number | null }, now: number): boolean => lot.until === null || now < lot.until;
const yes = (value: Outcome): LedgerAnswer["result"] => ({ ok: true, value });
const no = (failure: LedgerFailure): LedgerAnswer["result"] => ({ ok: false, failure });

/** @param code the code that the command's coupon got, if it is to get one */
export function step(world: World, customer: string, command: LedgerCommand, now: number, code: string): Told {
  const key = command.idempotencyKey === null ? null : JSON.stringify(command.idempotencyKey);
  const kept = key === null ? undefined : world.keys[key];
  if (kept !== undefined) {
    return kept.fingerprint === command.fingerprint
      ? { world, answer: { result: kept.result, replayed: true } }
      : { world, answer: { result: no({ code: "idempotency_key_reused" }), replayed: false } };
  }
  const before = repeated(accountOf(world, customer), command);
  if (before !== null) return { world, answer: before };
  const done = carryOut(world, customer, command, now, code);
  const { result, isRepetition = false, isBarred = false, balanceAfter } = done;
  const answer = { result, replayed: isRepetition, ...(balanceAfter === undefined ? {} : { balanceAfter }) };
  if (key === null || isBarred) return { world: done.world, answer };
  const keys = { ...done.world.keys, [key]: { customer, fingerprint: command.fingerprint, result } };
  return { world: { ...done.world, keys }, answer };
}

function repeated(account: Account, { id, intent, fingerprint }: LedgerCommand): LedgerAnswer | null {
  if (intent.kind === "open") {
    return account.openedBy === id ? { result: yes({ kind: "opened" }), replayed: false } : null;
  }
  const entryId = entryIdOf(id, intent);
  const known = account.known.find((entry) => entry.id === entryId);
  if (known === undefined) return null;
  if (known.commandId === id) return { result: yes(known.outcome), replayed: false };
  return intent.kind === "earn" || known.fingerprint === fingerprint
    ? { result: yes(known.outcome), replayed: true }
    : { result: no({ code: "entry_id_taken", id: known.id as never }), replayed: false };
}

function entryIdOf(commandId: string, intent: LedgerCommand["intent"]): string | null {
  if (intent.kind === "grant") return intent.grant.id ?? commandId;
  if (intent.kind === "redeem") return intent.id ?? commandId;
  if (intent.kind === "earn") return `order:${intent.order.orderId}`;
  return intent.kind === "exchange" ? commandId : null;
}

function carryOut(world: World, customer: string, command: LedgerCommand, now: number, code: string): Done {
  const account = accountOf(world, customer);
  const { id: commandId, intent, fingerprint } = command;
  const put = (changed: Account, outcome: Outcome): Done => ({
    world: { ...world, accounts: { ...world.accounts, [customer]: changed } },
    result: yes(outcome),
  });
  const unsound: Done = { world, result: { ok: false, failure: { code: "ledger_unsound" } }, isBarred: true };
  const refused = (failure: LedgerFailure): Done => ({ world, result: no(failure) });
  switch (intent.kind) {
    case "open": {
      if (account.openedBy !== null) return refused({ code: "ledger_exists", customerId: customer as never });
      const opened = { ...account, openedBy: commandId };
      if (intent.startPoints === null) return put(opened, { kind: "opened" });
      const after = grant(opened, command, intent.startPoints, now);
      return "code" in after ? refused(after) : put(after, { kind: "opened" });
    }
    case "grant": {
      const after = grant(account, command, intent.grant, now);
      return "code" in after ? refused(after) : put(after, { kind: "granted" });
    }
    case "earn": {
      const { orderId, points, validityMonths, value } = intent.order;
      if (isTooMuch(account, points)) return refused({ code: "balance_limit_exceeded" });
      const isAnothers = Object.entries(world.accounts).some(
        ([other, { orders }]) => other !== customer && orders.some((order) => order.orderId === orderId),
      );
      if (isAnothers) return { ...refused({ code: "order_earned_by_another", orderId }), isBarred: true };
      const lot = { id: `order:${orderId}`, points, from: now, until: monthsAfter(now, validityMonths) };
      const known = { id: lot.id, commandId, fingerprint: null, outcome: { kind: "granted" } as const };
      const after = addLot({ ...account, openedBy: account.openedBy ?? commandId }, lot, now);
      const orders = [...after.orders, { orderId, value, lot: lot.id }];
      return put({ ...after, orders, known: [...after.known, known] }, { kind: "granted" });
    }
    case "redeem": {
      const { points } = intent;
      const taken = takeAll(account, points, now);
      if ("code" in taken) return refused(taken);
      const own = { id: intent.id ?? commandId, fingerprint: intent.id === null ? null : fingerprint };
      const known = { ...own, commandId, outcome: { kind: "redeemed" } as const };
      return put({ ...account, lots: taken.lots, known: [...account.known, known] }, { kind: "redeemed" });
    }
    case "exchange":
      return intent.terms.ok
        ? exchange(world, customer, commandId, intent.terms.value, now, code)
        : refused(intent.terms.failure);
    case "take-back":
      return takeBack(world, account, commandId, intent.takeBack, now, put, refused);
    case "undo-take-back": {
      const { orderId, returnId } = intent;
      const standing = account.takeBacks.filter((some) => some.orderId === orderId && !some.isUndone);
      const undone = standing.findLast((some) => some.returnId === returnId);
      const ofReturn = account.takeBacks.filter((some) => some.orderId === orderId && some.returnId === returnId);
      const own = ofReturn.find((some) => some.undoneBy?.commandId === command.id);
      if (undone === undefined || own !== undefined) {
        const points = own?.undoneBy?.points ?? 0;
        return { world, result: yes({ kind: "given-back", points }), isRepetition: true };
      }
      const owed = Math.min(undone.owed, account.owed);
      const absorbed = Math.min(undone.absorbed, account.absorbed);
      const paidOff = undone.owed + undone.absorbed - owed - absorbed;
      const grantLot = account.lots.find((lot) => lot.id === `order:${orderId}`);
      const until = grantLot?.until ?? null;
      const end = until === null || now < until ? until : now + until - (grantLot?.from ?? 0);
      const paid = { lot: "", points: paidOff, until: end };
      const parts = [...inOrderOfLots(undone.parts), ...(paidOff > 0 ? [paid] : [])];
      const undoneBy = { commandId: command.id, points: sum(parts.map((part) => part.points)) };
      const done = { ...undone, isUndone: true, undoneBy };
      const takeBacks = account.takeBacks.map((some) => (some === undone ? done : some));
      const settled = { ...account, takeBacks, owed: account.owed - owed, absorbed: account.absorbed - absorbed };
      const points = sum(parts.map((part) => part.points));
      const after = giveBack(settled, parts, undone.id, now);
      return after === null ? unsound : put(after, { kind: "given-back", points });
    }
    case "advance-exchange":
      return advance(world, customer, intent, now) ?? unsound;
    case "give-back-coupon": {
      const name = intent.code.toUpperCase();
      const coupon = world.coupons[name];
      if (coupon?.owner !== customer) return refused({ code: "own_coupon_not_found", couponCode: intent.code });
      if (coupon.isGivenBack) return { world, result: yes({ kind: "given-back", points: 0 }), isRepetition: true };
      const isOver = !isLive(coupon, now) && coupon.uses === 0;
      if (isOver) return refused({ code: "coupon_not_returnable", status: "EXPIRED" });
      if (coupon.uses > 0) return refused({ code: "coupon_not_returnable", status: "USED" });
      const objection = objectionTo(world, customer, coupon.parts, intent.terms, now);
      if (objection !== null) return refused(objection);
      const points = sum(coupon.parts.map((part) => part.points));
      const back = giveBack(account, inOrderOfLots(coupon.parts), coupon.paidBy, now);
      if (back === null) return unsound;
      const done = put(back, { kind: "given-back", points });
      const coupons = { ...world.coupons, [name]: { ...coupon, isGivenBack: true, givenBackAt: now } };
      return { ...done, world: { ...done.world, coupons } };
    }
    case "lapse": {
      const isOver = (lot: ModelLot) => !isLive(lot, now) && !lot.isEntered && lot.left > 0;
      const over = account.lots.filter(isOver);
      const lots = account.lots.map((lot) => (isOver(lot) ? { ...lot, isEntered: true } : lot));
      const outcome = { kind: "lapsed", points: sum(over.map((lot) => lot.left)) } as const;
      return over.length === 0
        ? { world, result: yes(outcome), isRepetition: true }
        : put({ ...account, lots }, outcome);
    }
    case "erase":
      return { world: account.openedBy === null ? world : erased(world, customer), result: yes({ kind: "erased" }) };
  }
}

function grant(account: Account, { id, fingerprint }: LedgerCommand, terms: Grant, now: number) {
  const from = terms.createdAt ?? now;
  const until = terms.validUntil ?? monthsAfter(from, terms.validityMonths);
  if (from > now) return { code: "created_at_in_future" } as const;
  if (until !== null && until < from) return { code: "valid_until_before_created_at" } as const;
  if (isTooMuch(account, terms.points)) return { code: "balance_limit_exceeded" } as const;
  const own = { id: terms.id ?? id, fingerprint: terms.id === null ? null : fingerprint };
  const known = { ...own, commandId: id, outcome: { kind: "granted" } as const };
  const open = { ...account, openedBy: account.openedBy ?? id, known: [...account.known, known] };
  return addLot(open, { id: own.id, points: terms.points, from, until }, now);
}

/** More than is exact: everything counts that the journal does not tell to be gone. */
const isTooMuch = ({ lots }: Account, points: number): boolean =>
  sum(lots.filter((lot) => !lot.isEntered).map((lot) => lot.left)) + points > Number.MAX_SAFE_INTEGER;

/** New points pay what is owed and then what is to be absorbed, before anything else. */
function addLot(account: Account, lot: Omit<ModelLot, "left" | "isEntered">, now: number): Account {
  const points = isLive(lot, now) ? lot.points : 0;
  const owed = Math.min(account.owed, points);
  const absorbed = Math.min(account.absorbed, points - owed);
  const lots = [...account.lots, { ...lot, left: lot.points - owed - absorbed, isEntered: false }];
  return { ...account, lots, owed: account.owed - owed, absorbed: account.absorbed - absorbed };
}

/**
 * Points go back to where they came from; those whose lot is over, or that came from none, make a lot of their own.
 * @returns null when the points would no longer be exact: then nothing comes back, and somebody has to look
 */
function giveBack(account: Account, parts: readonly Part[], source: string, now: number): Account | null {
  const isKept = (part: Part) => part.lot !== "" && isLive(part, now);
  const back = sum(parts.filter(isKept).map((part) => part.points));
  if (isTooMuch(account, back)) return null;
  const partOf = (lot: ModelLot) => parts.find((part) => isKept(part) && part.lot === lot.id)?.points ?? 0;
  const full = { ...account, lots: account.lots.map((lot) => ({ ...lot, left: lot.left + partOf(lot) })) };
  const owed = Math.min(account.owed, back);
  const absorbed = Math.min(account.absorbed, back - owed);
  const { lots } = take(full.lots, owed + absorbed, now);
  const settled = { ...full, lots, owed: account.owed - owed, absorbed: account.absorbed - absorbed };
  return parts.reduce<Account | null>((changed, part, index) => {
    const { points, until } = part;
    if (changed === null || isKept(part)) return changed;
    if (isTooMuch(changed, points)) return null;
    return addLot(changed, { id: `refund:${source}/${index + 1}`, points, from: now, until }, now);
  }, settled);
}

/** As many a day, and nothing that is lost unless that is known. */
function objectionTo(
  { coupons, exchanges }: World,
  customer: string,
  parts: readonly Part[],
  terms: GivingBackTerms,
  now: number,
): LedgerFailure | null {
  const isToday = (moment: number) =>
    new Date(moment).toISOString().slice(0, 10) >= new Date(now).toISOString().slice(0, 10);
  const own = Object.values(coupons).filter((some) => some.owner === customer && some.isGivenBack);
  const elsewhere = Object.values(exchanges).filter(
    (some) => some.customer === customer && (some.state === "VOIDING" || some.state === "GIVEN_BACK"),
  );
  const today = [...own.map((some) => some.givenBackAt), ...elsewhere.map((some) => some.movedAt)].filter(isToday);
  if (today.length >= terms.perDay) return { code: "give_back_limit_reached", perDay: terms.perDay };
  const lostPoints = sum(parts.filter((part) => !isLive(part, now)).map((part) => part.points));
  return lostPoints > 0 && !terms.acceptsLoss ? { code: "points_would_be_lost", lostPoints } : null;
}

const inOrderOfLots = (parts: readonly Part[]): readonly Part[] =>
  parts.toSorted((left, right) => (left.lot < right.lot ? -1 : 1));

/** Takes up to `wanted`: from the lot named `first`, then from what ends first, is oldest, has the smallest id. */
function take(lots: readonly ModelLot[], wanted: number, now: number, first = "") {
  // No end is the last end; the difference of two missing ends is NaN, which leaves the decision to the next.
  const end = (lot: ModelLot) => lot.until ?? Number.POSITIVE_INFINITY;
  const rank = (lot: ModelLot) => (lot.id === first ? 0 : 1);
  const inTurn = lots
    .filter((lot) => isLive(lot, now) && lot.left > 0)
    .sort((a, b) => rank(a) - rank(b) || end(a) - end(b) || a.from - b.from || (a.id < b.id ? -1 : 1));
  const parts: Part[] = [];
  let missing = wanted;
  for (const { id, left, until } of inTurn) {
    if (missing > 0) parts.push({ lot: id, points: Math.min(left, missing), until });
    missing = Math.max(0, missing - left);
  }
  const left = (lot: ModelLot) => lot.left - (parts.find((part) => part.lot === lot.id)?.points ?? 0);
  return { lots: lots.map((lot) => ({ ...lot, left: left(lot) })), parts, missing };
}

function takeAll(account: Account, points: number, now: number) {
  const taken = take(account.lots, points, now);
  if (taken.missing === 0) return taken;
  const activePoints = balanceOf(account, now);
  return { code: "insufficient_points", activePoints, requestedPoints: points } as const;
}

function exchange(world: World, customer: string, id: string, terms: ExchangeTerms, now: number, code: string): Done {
  const account = accountOf(world, customer);
  const taken = takeAll(account, terms.points, now);
  if ("code" in taken) return { world, result: no(taken) };
  // One that was under way when its ledger was erased still has the id.
  const isElsewhere = terms.issuer === "elsewhere";
  if (isElsewhere && world.exchanges[id] !== undefined) {
    return { world, result: { ok: false, failure: { code: "unavailable" } }, isBarred: true };
  }
  const couponCode = code as never;
  const outcome: Outcome = isElsewhere
    ? { kind: "reserved", exchangeId: id as never, couponCode }
    : { kind: "exchanged", couponCode };
  const known = [...account.known, { id, commandId: id, fingerprint: null, outcome }];
  const accounts = { ...world.accounts, [customer]: { ...account, lots: taken.lots, known } };
  const { parts } = taken;
  const balanceAfter = balanceOf({ ...account, lots: taken.lots }, now);
  if (isElsewhere) {
    const exchanges = { ...world.exchanges, [id]: { customer, state: "PENDING" as const, parts, movedAt: now } };
    return { world: { ...world, accounts, exchanges }, result: yes(outcome), balanceAfter };
  }
  if (world.coupons[code] !== undefined) throw new Error(`The code ${code} was issued before.`);
  const until = terms.coupon.restrictions?.validUntil ?? null;
  const coupon = { owner: customer, paidBy: id, parts, until, uses: 0, isGivenBack: false, givenBackAt: 0 };
  return {
    world: { ...world, accounts, coupons: { ...world.coupons, [code]: coupon } },
    result: yes(outcome),
    balanceAfter,
  };
}

/** Where an exchange can go from each state. */
const next: Readonly<Record<ExchangeState, readonly ExchangeState[]>> = {
  PENDING: ["ISSUED", "CHARGED_BACK"],
  ISSUED: ["VOIDING"],
  VOIDING: ["GIVEN_BACK", "ISSUED"],
  CHARGED_BACK: [],
  GIVEN_BACK: [],
};

function advance(
  world: World,
  customer: string,
  { step: { id, from, to }, terms }: Extract<LedgerCommand["intent"], { kind: "advance-exchange" }>,
  now: number,
): Done | null {
  const found = world.exchanges[id];
  if (found?.customer !== customer) return { world, result: no({ code: "exchange_not_found" }) };
  if (found.state !== from || !next[from].includes(to)) {
    return { world, result: yes({ kind: "advanced", state: found.state }), isRepetition: true };
  }
  const objection = terms === undefined ? null : objectionTo(world, customer, found.parts, terms, now);
  if (objection !== null) return { world, result: no(objection) };
  const account = accountOf(world, customer);
  const isRefunded = to === "CHARGED_BACK" || to === "GIVEN_BACK";
  const after = isRefunded ? giveBack(account, inOrderOfLots(found.parts), id, now) : account;
  if (after === null) return null;
  const { [id]: _gone, ...others } = world.exchanges;
  // Its ledger was erased meanwhile: no exchange is without a price otherwise.
  const isForgotten = found.parts.length === 0 && to !== "VOIDING";
  const exchanges = isForgotten ? others : { ...others, [id]: { ...found, state: to, movedAt: now } };
  const accounts = { ...world.accounts, [customer]: after };
  return { world: { ...world, accounts, exchanges }, result: yes({ kind: "advanced", state: to }) };
}

function takeBack(
  world: World,
  account: Account,
  commandId: string,
  { orderId, returnId, returnedValue, policy }: TakeBack,
  now: number,
  put: (after: Account, outcome: Outcome) => Done,
  refused: (failure: LedgerFailure) => Done,
): Done {
  const order = account.orders.find((some) => some.orderId === orderId);
  const lot = account.lots.find((some) => some.id === order?.lot);
  if (order === undefined || lot === undefined) return refused({ code: "order_has_not_earned", orderId });
  const ofOrder = account.takeBacks.filter((some) => some.orderId === orderId);
  const standing = ofOrder.filter((some) => !some.isUndone);
  const own = ofOrder.find((some) => some.commandId === commandId && some.returnId === returnId);
  const same = own ?? standing.find((some) => some.returnId === returnId);
  if (same !== undefined) {
    const outcome = { kind: "taken-back", requested: same.requested, taken: pointsOf(same) } as const;
    return { world, result: yes(outcome), isRepetition: same.commandId !== commandId };
  }
  const asked = sum(standing.map((some) => some.requested));
  const value = sum(standing.map((some) => cents(some.value ?? "0"))) + cents(returnedValue ?? "0");
  const share = Math.floor((lot.points * Math.min(value, cents(order.value))) / cents(order.value));
  const due = returnedValue === null ? lot.points : Math.min(lot.points, share);
  const requested = Math.max(0, due - asked);
  const unused = Math.max(0, lot.left - sum(standing.map((some) => some.lapsed)));
  const lapsed = isLive(lot, now) ? 0 : Math.min(requested, unused);
  const { lots, parts, missing } = take(account.lots, requested - lapsed, now, lot.id);
  const debt = { owed: policy === "negative" ? missing : 0, absorbed: policy === "absorb" ? missing : 0 };
  const nth = ofOrder.filter((some) => some.returnId === returnId).length + 1;
  const what = returnId === null ? "deleted" : `return:${returnId}`;
  const id = `order:${orderId}/${what}${nth === 1 ? "" : `/${nth}`}`;
  const taken: TakenBack = {
    ...{
      id,
      commandId,
      orderId,
      returnId,
      value: returnedValue,
      requested,
      lapsed,
      parts,
      isUndone: false,
      undoneBy: null,
    },
    ...debt,
  };
  const after = {
    ...{ ...account, lots, takeBacks: [...account.takeBacks, taken] },
    ...{ owed: account.owed + debt.owed, absorbed: account.absorbed + debt.absorbed },
  };
  return put(after, { kind: "taken-back", requested, taken: pointsOf(taken) });
}

const pointsOf = ({ parts }: { readonly parts: readonly Part[] }): number => sum(parts.map((part) => part.points));

/** Hundredths of a plain decimal text with at most two decimals. */
const cents = (text: string): number => Math.round(Number(text) * 100);

/** The world after the customer's ledger was erased. */
export function erased(world: World, customer: string): World {
  const { [customer]: _account, ...accounts } = world.accounts;
  const without = <Value>(table: Readonly<Record<string, Value>>, isGone: (value: Value) => boolean) =>
    Object.fromEntries(Object.entries(table).filter(([, value]) => !isGone(value)));
  const ended = new Set<ExchangeState>(["ISSUED", "CHARGED_BACK", "GIVEN_BACK"]);
  const exchanges = without(world.exchanges, (some) => some.customer === customer && ended.has(some.state));
  return {
    accounts,
    keys: without(world.keys, (kept) => kept.customer === customer),
    coupons: Object.fromEntries(
      Object.entries(world.coupons).map(([code, some]) =>
        some.owner === customer ? [code, { ...some, owner: null, parts: [] }] : [code, some],
      ),
    ),
    exchanges: Object.fromEntries(
      Object.entries(exchanges).map(([id, some]) =>
        some.customer === customer ? [id, { ...some, parts: [] }] : [id, some],
      ),
    ),
  };
}

/** The same day `months` later; the last day of a month that has no such day. */
function monthsAfter(from: number, months: number | null): number | null {
  if (months === null) return null;
  const date = new Date(from);
  date.setUTCMonth(date.getUTCMonth() + months);
  if (date.getUTCDate() !== new Date(from).getUTCDate()) date.setUTCDate(0);
  return date.getTime();
}

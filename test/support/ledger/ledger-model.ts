import type { ExchangeTerms, LedgerCommand, OrderAdjustment, Outcome } from "../../../src/ledger/rules/command.ts";
import type { ExchangeState, GivingBackTerms } from "../../../src/ledger/rules/exchange/exchange.ts";
import type { LedgerFailure } from "../../../src/ledger/rules/failure.ts";
import type { Grant } from "../../../src/ledger/rules/grant.ts";
import type { ReturnPolicy } from "../../../src/ledger/rules/returns.ts";
import type { LedgerAnswer } from "../../../src/ledger/use-cases/ports.ts";
import type { EntryId } from "../../../src/platform/values/identifiers.ts";

// What the ledgers of one tenant do, written once more, from the documentation and without the code that it is
// compared with: lots are a plain list that nothing ever leaves, a balance is a sum, and nothing is shared.

export interface ModelLot {
  readonly id: string;
  readonly points: number;
  readonly left: number;
  readonly from: number;
  readonly until: number | null;
  /** Whether the journal tells that the rest of it has expired. */
  readonly isEntered: boolean;
}

/** Points that were taken from a lot. */
interface Part {
  readonly lot: string;
  readonly points: number;
  readonly until: number | null;
}

interface Reversed {
  readonly id: string;
  readonly commandId: string;
  readonly orderId: string;
  /** The account's clock at that moment. */
  readonly at: number;
  readonly asked: number;
  /** What of it was taken. */
  readonly taken: number;
  /** What still stands: what was not there, what came out of lots, and what had expired. */
  readonly missing: number;
  readonly held: number;
  readonly expired: number;
  /** What the lots still miss of it. */
  readonly parts: readonly Part[];
  readonly policy: ReturnPolicy;
  /** Of what is missing and was forgiven: what has been paid for since, and how often. */
  readonly paid: number;
  readonly payments: number;
  readonly undoings: readonly { readonly commandId: string; readonly points: number }[];
}

interface ModelOrder {
  readonly orderId: string;
  readonly lot: string;
  readonly commandId: string;
  readonly points: number;
}

export interface Account {
  /** Null: not open. */
  readonly openedBy: string | null;
  readonly lots: readonly ModelLot[];
  readonly owed: number;
  readonly absorbed: number;
  /** What a repetition of a grant, redemption or exchange is recognized by. */
  readonly known: readonly { id: string; commandId: string; fingerprint: string | null; outcome: Outcome }[];
  readonly orders: readonly ModelOrder[];
  readonly reversals: readonly Reversed[];
  /** Lots that points have just come back into: they pay first. */
  readonly cameBack?: readonly string[];
  /** Counts what takes points, so that of two such things it is known which came first. */
  readonly clock: number;
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
  readonly paidAt: number;
  /** When it last went on. */
  readonly movedAt: number;
}

export interface ModelCoupon {
  /** Null: whoever has the code. */
  readonly owner: string | null;
  readonly paidBy: string;
  readonly paidAt: number;
  readonly parts: readonly Part[];
  readonly until: number | null;
  readonly uses: number;
  readonly isGivenBack: boolean;
  /** 0 before. */
  readonly givenBackAt: number;
}

const closed: Account = {
  openedBy: null,
  lots: [],
  owed: 0,
  absorbed: 0,
  known: [],
  orders: [],
  reversals: [],
  clock: 0,
};

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
      return "code" in after
        ? refused(after)
        : put(after, { kind: "granted", entryId: intent.grant.id ?? ownId(command) });
    }
    case "earn": {
      const { orderId, points, validityMonths } = intent.order;
      if (isTooMuch(account, points)) return refused({ code: "balance_limit_exceeded" });
      if (isAnothers(world, customer, orderId)) {
        return { ...refused({ code: "order_earned_by_another", orderId }), isBarred: true };
      }
      const open = { ...account, openedBy: account.openedBy ?? commandId };
      const entryId = `order:${orderId}` as EntryId;
      return put(grantOrder(open, commandId, { orderId, points, validityMonths }, now), { kind: "granted", entryId });
    }
    case "redeem": {
      const { points } = intent;
      const taken = takeAll(account, points, now);
      if ("code" in taken) return refused(taken);
      const own = { id: intent.id ?? ownId(command), fingerprint: intent.id === null ? null : fingerprint };
      const known = { ...own, commandId, outcome: { kind: "redeemed", entryId: own.id } as const };
      return put({ ...account, lots: taken.lots, known: [...account.known, known] }, known.outcome);
    }
    case "exchange":
      return intent.terms.ok
        ? exchange(world, customer, commandId, intent.terms.value, now, code)
        : refused(intent.terms.failure);
    case "adjust-order":
      return settle(world, customer, commandId, intent.adjustment, now);
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
      if (isTooMuch(account, points)) return refused({ code: "balance_limit_exceeded" });
      const back = giveBack(account, inOrderOfLots(coupon.parts), coupon.paidBy, now);
      if (back === null) return unsound;
      const done = put(payForgiven(back, coupon.paidAt, points, now), { kind: "given-back", points });
      const coupons = { ...world.coupons, [name]: { ...coupon, isGivenBack: true, givenBackAt: now } };
      return { ...done, world: { ...done.world, coupons } };
    }
    case "expire": {
      const isOver = (lot: ModelLot) => !isLive(lot, now) && !lot.isEntered && lot.left > 0;
      const over = account.lots.filter(isOver);
      const lots = account.lots.map((lot) => (isOver(lot) ? { ...lot, isEntered: true } : lot));
      const outcome = { kind: "expired", points: sum(over.map((lot) => lot.left)) } as const;
      return over.length === 0
        ? { world, result: yes(outcome), isRepetition: true }
        : put({ ...account, lots }, outcome);
    }
    case "erase":
      return { world: account.openedBy === null ? world : erased(world, customer), result: yes({ kind: "erased" }) };
  }
}

/** What an entry is called whose id the client has not chosen. */
const ownId = ({ id }: LedgerCommand): EntryId => id as string as EntryId;

function grant(account: Account, command: LedgerCommand, terms: Grant, now: number) {
  const { id, fingerprint } = command;
  const from = Math.min(terms.createdAt ?? now, now);
  const until = terms.validUntil ?? monthsAfter(from, terms.validityMonths);
  if ((terms.createdAt ?? now) > now + 60_000) return { code: "created_at_in_future" } as const;
  if (until !== null && until < from) return { code: "valid_until_before_created_at" } as const;
  if (isTooMuch(account, terms.points)) return { code: "balance_limit_exceeded" } as const;
  const own = { id: terms.id ?? ownId(command), fingerprint: terms.id === null ? null : fingerprint };
  const known = { ...own, commandId: id, outcome: { kind: "granted", entryId: own.id } as const };
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
 * @returns null when the points would no longer be exact: then nothing comes back
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
  const cameBack = parts.filter(isKept).map((part) => part.lot);
  const settled = { ...full, lots, owed: account.owed - owed, absorbed: account.absorbed - absorbed, cameBack };
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

/** Takes up to `wanted`: from the lots named in `first`, then from what ends first, is oldest, has the smallest id. */
function take(lots: readonly ModelLot[], wanted: number, now: number, first: readonly string[] = []) {
  // No end is the last end; the difference of two missing ends is NaN, which leaves the decision to the next.
  const end = (lot: ModelLot) => lot.until ?? Number.POSITIVE_INFINITY;
  const rank = (lot: ModelLot) => (first.includes(lot.id) ? 0 : 1);
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
  const { validFor = [], validFrom = now, validForDays = null, validUntil = null } = terms.coupon.restrictions ?? {};
  const ends = [validUntil, validForDays === null ? null : now + validForDays * 86_400_000];
  const until = Math.min(...ends.map((end) => end ?? Number.POSITIVE_INFINITY));
  const option = terms.redeemOptionId;
  if (until <= now || until <= validFrom) return { world, result: no({ code: "redeem_option_over", id: option }) };
  if (validFor.length > 0 && !validFor.includes(customer)) {
    return { world, result: no({ code: "redeem_option_not_for_customer", id: option }) };
  }
  const taken = takeAll(account, terms.points, now);
  if ("code" in taken) return { world, result: no(taken) };
  // One that was under way when its ledger was erased still has the id.
  const isUpstream = terms.issuer === "upstream";
  if (isUpstream && world.exchanges[id] !== undefined) {
    return { world, result: { ok: false, failure: { code: "unavailable" } }, isBarred: true };
  }
  const couponCode = code as never;
  const paidAt = account.clock + 1;
  const outcome: Outcome = isUpstream
    ? { kind: "reserved", exchangeId: id as never, couponCode }
    : { kind: "exchanged", couponCode };
  const known = [...account.known, { id, commandId: id, fingerprint: null, outcome }];
  const accounts = { ...world.accounts, [customer]: { ...account, lots: taken.lots, known, clock: paidAt } };
  const { parts } = taken;
  const balanceAfter = balanceOf({ ...account, lots: taken.lots }, now);
  if (isUpstream) {
    const exchanges = {
      ...world.exchanges,
      [id]: { customer, state: "PENDING" as const, parts, paidAt, movedAt: now },
    };
    return { world: { ...world, accounts, exchanges }, result: yes(outcome), balanceAfter };
  }
  if (world.coupons[code] !== undefined) throw new Error(`The code ${code} was issued before.`);
  const coupon = {
    owner: customer,
    paidBy: id,
    paidAt,
    parts,
    until: until === Number.POSITIVE_INFINITY ? null : until,
    uses: 0,
    isGivenBack: false,
    givenBackAt: 0,
  };
  return {
    world: { ...world, accounts, coupons: { ...world.coupons, [code]: coupon } },
    result: yes(outcome),
    balanceAfter,
  };
}

/** Where an exchange can go from each state. */
const next: Readonly<Record<ExchangeState, readonly ExchangeState[]>> = {
  PENDING: ["ISSUED", "REFUSED"],
  ISSUED: ["VOIDING"],
  VOIDING: ["GIVEN_BACK", "ISSUED"],
  REFUSED: [],
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
  const isRefunded = to === "REFUSED" || to === "GIVEN_BACK";
  const points = sum(found.parts.map((part) => part.points));
  if ((isRefunded || terms !== undefined) && isTooMuch(account, points)) {
    return { world, result: no({ code: "balance_limit_exceeded" }) };
  }
  const back = isRefunded ? giveBack(account, inOrderOfLots(found.parts), id, now) : account;
  if (back === null) return null;
  const after = isRefunded && found.parts.length > 0 ? payForgiven(back, found.paidAt, points, now) : back;
  const { [id]: _gone, ...others } = world.exchanges;
  // Its ledger was erased meanwhile: no exchange is without a price otherwise.
  const isForgotten = found.parts.length === 0 && to !== "VOIDING";
  const exchanges = isForgotten ? others : { ...others, [id]: { ...found, state: to, movedAt: now } };
  const accounts = { ...world.accounts, [customer]: after };
  return { world: { ...world, accounts, exchanges }, result: yes({ kind: "advanced", state: to }) };
}

const isAnothers = (world: World, customer: string, orderId: string): boolean =>
  Object.entries(world.accounts).some(
    ([other, { orders }]) => other !== customer && orders.some((order) => order.lot === `order:${orderId}`),
  );

interface OrderGrant {
  readonly orderId: string;
  readonly points: number;
  readonly validityMonths: number | null;
}

function grantOrder(account: Account, commandId: string, terms: OrderGrant, now: number): Account {
  const { orderId, points, validityMonths } = terms;
  const nth = account.orders.filter((order) => order.orderId === orderId).length + 1;
  const id = `order:${orderId}${nth === 1 ? "" : `/more/${nth}`}`;
  const known = { id, commandId, fingerprint: null, outcome: { kind: "granted", entryId: id as EntryId } as const };
  const after = addLot(account, { id, points, from: now, until: monthsAfter(now, validityMonths) }, now);
  const orders = [...after.orders, { orderId, lot: id, commandId, points }];
  return { ...after, orders, known: [...after.known, known] };
}

/** What was forgiven of a reversal and is not paid for. */
const unpaid = ({ policy, missing, paid }: Reversed): number => (policy === "clamp" ? missing - paid : 0);

/** Points that were away since `since` have come back: they pay for what was forgiven after that. */
function payForgiven(
  account: Account,
  since: number,
  points: number,
  now: number,
  isExempt: (reversed: Reversed) => boolean = () => false,
): Account {
  let after = account;
  let left = points;
  for (const reversed of account.reversals) {
    if (reversed.at <= since || isExempt(reversed)) continue;
    const paying = Math.min(left, unpaid(reversed), Math.max(0, balanceOf(after, now)));
    if (paying === 0) continue;
    const paid = { ...reversed, paid: reversed.paid + paying, payments: reversed.payments + 1 };
    const reversals = after.reversals.map((some) => (some.id === reversed.id ? paid : some));
    after = { ...after, lots: take(after.lots, paying, now, after.cameBack ?? []).lots, reversals };
    left -= paying;
  }
  const { cameBack: _cameBack, ...rest } = after;
  return rest;
}

/** Grants, takes back or gives back what an order's points differ from what they are to be. */
function settle(world: World, customer: string, commandId: string, adjustment: OrderAdjustment, now: number): Done {
  const { orderId, orderIds, earned, kept, policy, returnId, validityMonths } = adjustment;
  const account = accountOf(world, customer);
  const isOwn = (some: { readonly orderId: string }) => orderIds.includes(some.orderId);
  const grants = account.orders.filter(isOwn);
  const reversals = account.reversals.filter(isOwn);
  const isOfCommand = (some: { readonly commandId: string }) => some.commandId === commandId;
  const granted = sum(grants.map((grant) => grant.points));
  const asked = sum(reversals.map(({ missing, held, expired }) => missing + held + expired));
  const first = granted === 0 ? Math.max(0, earned) : 0;
  const difference = kept - (granted + first - asked);
  const outcome = {
    kind: "order-adjusted" as const,
    granted: sum(grants.filter(isOfCommand).map((grant) => grant.points)),
    requested: sum(reversals.filter(isOfCommand).map((some) => some.asked)),
    taken: sum(reversals.filter(isOfCommand).map((some) => some.taken)),
    restored: sum(reversals.flatMap((some) => some.undoings.filter(isOfCommand).map(({ points }) => points))),
  };
  const more = first + Math.max(0, difference);
  if (more > 0 && isTooMuch(account, more)) return { world, result: no({ code: "balance_limit_exceeded" }) };
  if (first === 0 && difference === 0) return { world, result: yes(outcome), isRepetition: true };
  const isNew =
    first + Math.max(0, difference - asked) > 0 && !account.orders.some((order) => order.lot === `order:${orderId}`);
  if (isNew && isAnothers(world, customer, orderId)) {
    return { world, result: no({ code: "order_earned_by_another", orderId }), isBarred: true };
  }
  const unsound: Done = { world, result: { ok: false, failure: { code: "ledger_unsound" } }, isBarred: true };
  let after: Account = { ...account, openedBy: account.openedBy ?? commandId };
  if (first > 0) after = grantOrder(after, commandId, { orderId, points: first, validityMonths }, now);
  let back = Math.max(0, difference);
  let cameBack = 0;
  for (const reversed of reversals.toReversed()) {
    const part = Math.min(back, reversed.missing + reversed.held + reversed.expired);
    if (part === 0) continue;
    const undone = undo(after, reversed, part, commandId, isOwn, grants, now);
    if (undone === null) return unsound;
    after = undone.account;
    cameBack += undone.points;
    back -= part;
  }
  if (back > 0) {
    if (isTooMuch(after, back)) return unsound;
    after = grantOrder(after, commandId, { orderId, points: back, validityMonths }, now);
  }
  let taken = 0;
  if (difference < 0) {
    const requested = 0 - difference;
    const lots = after.orders.filter(isOwn).map(({ lot }) => lot);
    const over = after.lots.filter((lot) => lots.includes(lot.id) && !isLive(lot, now));
    const unused = sum(over.map((lot) => lot.left)) - sum(reversals.map((some) => some.expired));
    const expired = Math.max(0, Math.min(requested, unused));
    const took = take(after.lots, requested - expired, now, lots);
    taken = requested - expired - took.missing;
    const what = returnId === null ? "reversed" : `return:${returnId}`;
    const isAlike = ({ id }: Reversed) =>
      id === `order:${orderId}/${what}` || id.startsWith(`order:${orderId}/${what}/`);
    const nth = reversals.filter(isAlike).length + 1;
    const id = `order:${orderId}/${what}${nth === 1 ? "" : `/${nth}`}`;
    const about = { id, commandId, orderId, at: after.clock + 1, asked: requested, taken, policy };
    const stands = { missing: took.missing, held: taken, expired, parts: took.parts };
    after = {
      ...after,
      lots: took.lots,
      owed: after.owed + (policy === "negative" ? took.missing : 0),
      absorbed: after.absorbed + (policy === "absorb" ? took.missing : 0),
      clock: after.clock + 1,
      reversals: [...after.reversals, { ...about, ...stands, paid: 0, payments: 0, undoings: [] }],
    };
  }
  return {
    world: { ...world, accounts: { ...world.accounts, [customer]: after } },
    result: yes({
      kind: "order-adjusted",
      granted: outcome.granted + first + back,
      requested: outcome.requested + Math.max(0, 0 - difference),
      taken: outcome.taken + taken,
      restored: outcome.restored + cameBack,
    }),
  };
}

/** Undoes part of a reversal: what was missing first, then what was taken, at last what had expired. */
function undo(
  account: Account,
  reversed: Reversed,
  part: number,
  commandId: string,
  isOwn: (reversed: Reversed) => boolean,
  grants: readonly ModelOrder[],
  now: number,
): { readonly account: Account; readonly points: number } | null {
  const ofMissing = Math.min(part, reversed.missing);
  const ofHeld = Math.min(part - ofMissing, reversed.held);
  const owed = reversed.policy === "negative" ? Math.min(ofMissing, account.owed) : 0;
  const absorbed = reversed.policy === "absorb" ? Math.min(ofMissing, account.absorbed) : 0;
  const paidOff = ofMissing - owed - absorbed - Math.min(ofMissing, unpaid(reversed));
  const nth = reversed.undoings.length + 1;
  const source = `${reversed.id}/undone${nth === 1 ? "" : `/${nth}`}`;
  // Lots that are still alive get theirs back first, the last one before the others; of ended ones nothing is written down.
  const fromEnd = (parts: readonly Part[], skipped: number, wanted: number): Part[] => {
    const all = inOrderOfLots(parts).flatMap((one) => Array.from({ length: one.points }, () => one));
    const chosen = all.slice(0, all.length - skipped).slice(Math.max(0, all.length - skipped - wanted));
    return [...Map.groupBy(chosen, (one) => one.lot).values()].flatMap(([one, ...rest]) =>
      one === undefined ? [] : [{ ...one, points: rest.length + 1 }],
    );
  };
  const live = reversed.parts.filter((one) => isLive(one, now));
  const ended = reversed.parts.filter((one) => !isLive(one, now));
  const livePoints = Math.min(ofHeld, pointsOf(live));
  const chosen = [
    ...fromEnd(live, 0, livePoints),
    ...fromEnd(ended, pointsOf(reversed.parts) - reversed.held, ofHeld - livePoints),
  ];
  const parts = reversed.parts.flatMap((one) => {
    const back = isLive(one, now) ? (chosen.find(({ lot }) => lot === one.lot)?.points ?? 0) : 0;
    return one.points > back ? [{ ...one, points: one.points - back }] : [];
  });
  const points = ofHeld + paidOff;
  const left: Reversed = {
    ...reversed,
    missing: reversed.missing - ofMissing,
    held: reversed.held - ofHeld,
    expired: reversed.expired - (part - ofMissing - ofHeld),
    paid: reversed.paid - (reversed.policy === "clamp" ? paidOff : 0),
    parts,
    undoings: [...reversed.undoings, { commandId, points }],
  };
  const settled = {
    ...account,
    owed: account.owed - owed,
    absorbed: account.absorbed - absorbed,
    reversals: account.reversals.map((some) => (some.id === reversed.id ? left : some)),
  };
  const restored = giveBack(settled, chosen, source, now);
  if (restored === null || (paidOff > 0 && isTooMuch(restored, paidOff))) return null;
  const own = account.lots.find((lot) => lot.id === grants[0]?.lot);
  const until = own?.until ?? null;
  const end = until === null || now < until ? until : now + until - (own?.from ?? 0);
  const lot = { id: `refund:${source}/0`, points: paidOff, from: now, until: end };
  const paid =
    paidOff === 0 ? restored : { ...addLot(restored, lot, now), cameBack: [...(restored.cameBack ?? []), lot.id] };
  return { account: payForgiven(paid, reversed.at, points, now, isOwn), points };
}

const pointsOf = (parts: readonly Part[]): number => sum(parts.map((part) => part.points));

/** The world after the customer's ledger was erased. */
export function erased(world: World, customer: string): World {
  const { [customer]: _account, ...accounts } = world.accounts;
  const without = <Value>(table: Readonly<Record<string, Value>>, isGone: (value: Value) => boolean) =>
    Object.fromEntries(Object.entries(table).filter(([, value]) => !isGone(value)));
  const ended = new Set<ExchangeState>(["ISSUED", "REFUSED", "GIVEN_BACK"]);
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

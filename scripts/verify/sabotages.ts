/** One way of breaking the service that the tests must notice. */
export interface Sabotage {
  readonly name: string;
  /** What is broken, as a clause. */
  readonly breaks: string;
  readonly file: `src/${string}.ts` | `drizzle/${string}.sql`;
  /** Stands once in the file. */
  readonly replace: string;
  readonly by: string;
  /** The tests that are there for it; at least one of them must fail. */
  readonly caughtBy: readonly [CatchingTest, ...CatchingTest[]];
}

export interface CatchingTest {
  readonly file: `test/${string}.test.ts`;
  /** Part of the name, with those of the groups round it: `group > test`. */
  readonly test: string;
}

const ledgerTurn = "src/durable-objects/ledger-turn.ts";
const replayMemory = "src/durable-objects/replay-memory.ts";
const ledgerGateway = "src/durable-objects/ledger-gateway.ts";
const exchangeSaga = "src/durable-objects/exchange-saga.ts";
const ledgerStore = "src/storage/d1/ledger-store.ts";
const erasure = "src/storage/d1/erasure.ts";
const commitTriggers = "drizzle/0006_ledger_commits.sql";
const answered = "src/storage/d1/answered.ts";
const verifiers = "src/integrations/tokens/verifiers.ts";

const by = (file: CatchingTest["file"], test: string): Sabotage["caughtBy"] => [{ file, test }];
const byLedger = (test: string) => by("test/durable-objects/customer-ledger.test.ts", test);
const byFaults = (test: string) => by("test/durable-objects/faults.test.ts", test);
const bySaga = (test: string) => by("test/durable-objects/exchange-saga.test.ts", test);
const bySchema = (test: string) => by("test/storage/schema.test.ts", `the database itself refuses > ${test}`);
const byLaws = (test: string) => by("test/domain/ledger-laws.test.ts", test);
const byReturns = (test: string) => by("test/domain/returns.test.ts", test);
const byTokens = (test: string) => by("test/integrations/token-verifiers.test.ts", test);
const byEvents = (test: string) => by("test/application/order-events.test.ts", test);
const byBatches = (test: string) => by("test/application/event-batches.test.ts", test);

/** One customer's commands, in their order. */
const turn: readonly Sabotage[] = [
  {
    name: "no-turn",
    breaks: "a customer's commands no longer wait for one another",
    file: ledgerTurn,
    replace: "    if (this.#running) return;\n",
    by: "",
    caughtBy: byLedger("a race > of 200 redemptions for a balance that pays for seven gives seven coupons"),
  },
  {
    name: "answer-before-commit",
    breaks: "clients are answered before anything is stored",
    file: ledgerTurn,
    replace: "        committing = true;\n",
    by: `        committing = true;
        group.forEach((waiting, index) => {
          const early = round.answers[index];
          if (early !== undefined) waiting.answer(early);
        });
`,
    caughtBy: byFaults("nobody is answered, and no balance changes, before the commit is through"),
  },
  {
    name: "memory-outlives-failure",
    breaks: "memory is kept after a commit that failed",
    file: ledgerTurn,
    replace: "      } catch (error) {\n        this.#memory = null;\n        if (error instanceof UnsoundLedger)",
    by: "      } catch (error) {\n        if (error instanceof UnsoundLedger)",
    caughtBy: byFaults("a commit whose answer is lost > before it took effect is tried again"),
  },
  {
    name: "memory-before-commit",
    breaks: "a balance changes before it is stored",
    file: ledgerTurn,
    replace: "        committing = true;\n",
    by: "        committing = true;\n        this.#memory = { ledger: changes.ledger, head: memory.head, replays };\n",
    caughtBy: byFaults("nobody is answered, and no balance changes, before the commit is through"),
  },
  {
    name: "no-look-up",
    breaks: "a repeated command is refused out of memory, without looking whether it was carried out",
    file: ledgerTurn,
    replace: "if (!isLookedUp && mustLookUp(",
    by: "if (isLookedUp && mustLookUp(",
    caughtBy: byLedger("that succeeded is not refused later on, when memory knows the balance but not the request"),
  },
  {
    name: "no-doubt",
    breaks: "memory is trusted right after a commit with an unknown outcome",
    file: ledgerTurn,
    replace: "          this.#doubtUntil = this.#now() + turnLimits.doubtMs;\n",
    by: "",
    caughtBy: byFaults("a commit whose answer is lost > for a while keeps balances from being answered out of memory"),
  },
  {
    name: "unknown-as-unavailable",
    breaks: "an unknown outcome is told as if nothing had been tried",
    file: ledgerTurn,
    replace: "          uncertain = true;\n",
    by: "",
    caughtBy: byFaults("a commit whose answer is lost > every time leaves the outcome unknown"),
  },
  {
    name: "unsound-change-stored",
    breaks: "a change that does not add up is stored",
    file: ledgerTurn,
    replace: "        requireSound(memory.ledger, changes);\n",
    by: "",
    caughtBy: byFaults("a change that does not add up is refused, and nothing of it is stored"),
  },
  {
    name: "unsound-ledger-used",
    breaks: "a ledger whose books do not add up goes on taking commands",
    file: ledgerTurn,
    replace: "    if (fault !== null) throw new UnsoundLedger(fault);\n    return {\n      ledger: snapshot",
    by: "    return {\n      ledger: snapshot",
    caughtBy: by(
      "test/http/audit.test.ts",
      "a ledger whose books do not add up > takes no commands and tells no balance",
    ),
  },
  {
    name: "no-queue-cap",
    breaks: "any number of commands may wait in memory",
    file: ledgerTurn,
    replace: "this.#waiting.length >= turnLimits.waitingMax ||",
    by: "",
    caughtBy: byFaults("a queue that is full refuses who comes next, and forgets nobody who waits"),
  },
  {
    name: "clock-goes-back",
    breaks: "points that have expired can be spent again where the clock is behind",
    file: "src/domain/ledger.ts",
    replace: "now < ledger.latestAt ? ledger.latestAt : now;",
    by: "now;",
    caughtBy: byFaults("an object whose clock is behind brings nothing back that has expired by the last entry"),
  },
  {
    name: "latest-moment-unread",
    breaks: "an object that loads a ledger does not know when its last entry was",
    file: "src/storage/d1/ledger-store.ts",
    replace: "latestAt: row.latestAt ?? (row.openedAt as EpochMs),",
    by: "latestAt: row.openedAt as EpochMs,",
    caughtBy: byFaults("an object whose clock is behind brings nothing back that has expired by the last entry"),
  },
  {
    name: "large-coupons-uncounted",
    breaks: "coupons of any size may wait in memory",
    file: ledgerTurn,
    replace: "    this.#waitingCouponCharacters += couponCharacters;\n",
    by: "",
    caughtBy: byFaults("a queue is full of large coupons sooner, but only as long as they wait"),
  },
  {
    name: "full-for-ever",
    breaks: "a queue that was full of large coupons once takes no more of them",
    file: ledgerTurn,
    replace: "this.#waitingCouponCharacters -= waiting.couponCharacters;",
    by: "this.#waitingCouponCharacters -= 0;",
    caughtBy: byFaults("a queue is full of large coupons sooner, but only as long as they wait"),
  },
  {
    name: "begun-late",
    breaks: "a busy ledger carries out commands whose callers have nearly given up, and has no time for those who come",
    file: ledgerTurn,
    replace: "    if (late.length > 0) this.#refuse(late);\n",
    by: "",
    caughtBy: byFaults("what waits too long is refused before it is begun, and who comes later is served"),
  },
  {
    name: "no-patience-limit",
    breaks: "commands are carried out long after their callers were told that they were not",
    file: ledgerTurn,
    replace: "      if (group.every((waiting) => this.#isPastDeadline(waiting))) break;\n",
    by: "",
    caughtBy: byFaults("nothing is tried again once its caller has been told that it failed"),
  },
  {
    name: "group-fails-as-one",
    breaks: "one command that the database never takes drags its neighbours down",
    file: ledgerTurn,
    replace: "    if (group.length > 1) {",
    by: "    if (group.length > 1_000) {",
    caughtBy: byFaults("a command that the database never takes does not drag its neighbours down"),
  },
  {
    name: "no-replay-check",
    breaks: "a repeated request is carried out again instead of answered again",
    file: ledgerTurn,
    replace: "      if (recalled !== null) return recalled;\n",
    by: "",
    caughtBy: byLedger("a repeated request > with one key, 200 times at once, has one effect and one answer"),
  },
  {
    name: "answer-not-kept",
    breaks: "the answer to a keyed request is not kept",
    file: ledgerTurn,
    replace: "        records.push(record);\n",
    by: "",
    caughtBy: byLedger("a repeated request > that was refused is refused alike, even when it could be granted by now"),
  },
  {
    name: "any-payload-for-key",
    breaks: "an idempotency key answers whatever it is sent with",
    file: replayMemory,
    replace: "return record.fingerprint === command.fingerprint",
    by: "return true",
    caughtBy: byLedger("a repeated request > with another payload is refused, here and at another customer's ledger"),
  },
  {
    name: "any-payload-for-id",
    breaks: "an entry's id answers whatever it is sent with",
    file: replayMemory,
    replace: "return entry.fingerprint === command.fingerprint",
    by: "return true",
    caughtBy: byLedger("a repeated request > with an id of the client's own is answered alike when it is equal"),
  },
  {
    name: "retry-not-marked",
    breaks: "a command that is sent again does not say so",
    file: ledgerGateway,
    replace: "attempt === 1 ? command : { ...command, isRetry: true }",
    by: "attempt === 0 ? { ...command, isRetry: true } : command",
    caughtBy: byFaults("a call to a customer's object > is made again when the object moved"),
  },
  {
    name: "overloaded-object-called-again",
    breaks: "an object with too much to do is called again and again",
    file: ledgerGateway,
    replace: 'if (overloaded) return { reached: false, failure: { code: "overloaded" } };\n',
    by: "",
    caughtBy: byFaults("a call to a customer's object > is not made again when the object has too much to do"),
  },
  {
    name: "guessable-codes",
    breaks: "coupon codes come from Math.random",
    file: "src/durable-objects/customer-ledger.ts",
    replace: "couponSuffix(crypto.getRandomValues(new Uint8Array(couponEntropyBytes)))",
    by: "couponSuffix(Uint8Array.from({ length: couponEntropyBytes }, () => Math.random() * 256))",
    caughtBy: byLedger("a coupon's code is made of cryptographic randomness"),
  },
];

/** What D1 is told to keep, and what it refuses by itself. */
const storage: readonly Sabotage[] = [
  {
    name: "no-sequence-key",
    breaks: "two entries of a ledger may have the same place",
    file: "drizzle/0000_initial.sql",
    replace: "	PRIMARY KEY(`tenant`, `customer_id`, `sequence`),\n",
    by: "	PRIMARY KEY(`tenant`, `customer_id`, `sequence`, `command_id`),\n",
    caughtBy: byLedger("a writer who has missed an entry is refused by the database, and comes after it"),
  },
  {
    name: "no-link-trigger",
    breaks: "an entry may follow one that is not there any more",
    file: "drizzle/0004_trust.sql",
    replace: "WHEN NEW.`previous_hash` IS NOT iif(",
    by: "WHEN 0 AND NEW.`previous_hash` IS NOT iif(",
    caughtBy: byLedger("a race with an erasure is lost by whoever has not seen it"),
  },
  {
    name: "editable-journal",
    breaks: "entries can be edited",
    file: "drizzle/0000_initial.sql",
    replace: "BEFORE UPDATE ON `ledger_entries`\n",
    by: "BEFORE UPDATE ON `ledger_entries` WHEN 0\n",
    caughtBy: byLedger("the journal cannot be edited"),
  },
  {
    name: "order-earns-twice",
    breaks: "two customers may earn with one order",
    file: "drizzle/0002_returns_and_exchanges.sql",
    replace: "CREATE UNIQUE INDEX `ledger_entries_of_orders`",
    by: "CREATE INDEX `ledger_entries_of_orders`",
    caughtBy: byLedger("an order > earns for one customer only, whomever its events name"),
  },
  {
    name: "entry-id-twice",
    breaks: "two entries of a ledger may have one id",
    file: "drizzle/0000_initial.sql",
    replace: "CREATE UNIQUE INDEX `ledger_entries_by_id`",
    by: "CREATE INDEX `ledger_entries_by_id`",
    caughtBy: byLedger("that succeeded is not done again later on, when memory knows the balance but not the request"),
  },
  {
    name: "used-coupon-given-back",
    breaks: "a coupon that is used at the same moment gives its points back",
    file: "drizzle/0002_returns_and_exchanges.sql",
    replace: "WHEN NEW.given_back_at IS NOT NULL AND NEW.redemption_count > 0",
    by: "WHEN 0",
    caughtBy: byLedger("a coupon that is given back > must be unused, also at the very moment, and the customer's own"),
  },
  {
    name: "exchange-goes-anywhere",
    breaks: "an exchange that was charged back can be issued",
    file: "drizzle/0002_returns_and_exchanges.sql",
    replace: "WHEN NOT (\n\t(OLD.state = 'PENDING'",
    by: "WHEN 0 AND NOT (\n\t(OLD.state = 'PENDING'",
    caughtBy: bySchema("an exchange that goes back, or where it cannot go"),
  },
  {
    name: "lot-gives-too-much",
    breaks: "a lot gives points that have lapsed",
    file: "drizzle/0004_trust.sql",
    replace: "WHEN NEW.`lapsed_points` < 0 OR ",
    by: "WHEN 0 AND ",
    caughtBy: bySchema("what takes more from a lot than it has, or from a lot that is not there"),
  },
  {
    name: "usage-of-no-lot",
    breaks: "points are taken from a lot that is not there",
    file: "drizzle/0004_trust.sql",
    replace: "BEFORE INSERT ON `lot_usages`\nWHEN NOT EXISTS",
    by: "BEFORE INSERT ON `lot_usages`\nWHEN 0 AND NOT EXISTS",
    caughtBy: bySchema("what takes more from a lot than it has, or from a lot that is not there"),
  },
  {
    name: "option-not-checked",
    breaks: "a remembered option is taken for the one that there is",
    file: commitTriggers,
    replace: "LIMIT -1 OFFSET 0);\n\n\tSELECT RAISE(ABORT, 'constraint failed: the option has changed')",
    by: "LIMIT -1 OFFSET 0);\n\n\tSELECT 'constraint failed: the option has changed'",
    caughtBy: by(
      "test/http/remembered-options.test.ts",
      "takes the new price, for a customer whose ledger is in memory",
    ),
  },
  {
    name: "option-told-by-version-alone",
    breaks: "an option that was deleted and created again is taken for the older one",
    file: commitTriggers,
    replace:
      "WHERE o.`version` IS NOT term.value ->> 'version' OR o.`created_at` IS NOT term.value ->> 'createdAt';\n\n\tUPDATE `ledgers`",
    by: "WHERE o.`version` IS NOT term.value ->> 'version';\n\n\tUPDATE `ledgers`",
    caughtBy: by("test/http/remembered-options.test.ts", "takes the price of one that was deleted and created again"),
  },
  {
    name: "refused-by-an-outdated-price",
    breaks: "an exchange is refused for want of points without a look at what it costs now",
    file: ledgerTurn,
    replace: " || hasOwnId(command.intent) || stampOf(command) !== null;",
    by: " || hasOwnId(command.intent);",
    caughtBy: by("test/http/remembered-options.test.ts", "succeeds when it has become cheap enough"),
  },
  {
    name: "anybody's-exchange",
    breaks: "a key gets the coupon that another customer has got with it",
    file: "src/storage/memory/remembered-exchanges.ts",
    replace: "[tenant, operation, caller, key,",
    by: "[tenant, operation, key,",
    caughtBy: by(
      "test/http/remembered-exchanges.test.ts",
      "is another customer's own when another customer uses the same key",
    ),
  },
  {
    name: "any-option's-exchange",
    breaks: "a key gets its coupon again whatever option it comes with",
    file: "src/storage/memory/remembered-exchanges.ts",
    replace: "siteCode, redeemOptionId].join",
    by: "siteCode].join",
    caughtBy: by("test/http/remembered-exchanges.test.ts", "is refused when the same key comes with another option"),
  },
  {
    name: "waits-for-ever",
    breaks: "a busy ledger commits nothing for as long as more commands come",
    file: ledgerTurn,
    replace: "pauses < turnLimits.gatherPausesMax;",
    by: "pauses < turnLimits.waitingMax;",
    caughtBy: by("test/durable-objects/gathering.test.ts", "waits a bounded number of times"),
  },
  {
    name: "key-not-stored",
    breaks: "idempotency keys are forgotten with the object's memory",
    file: ledgerStore,
    replace: "    records: changes.records.map(recordRow),",
    by: "    records: [],",
    caughtBy: byLedger("a repeated request > with one key, 200 times at once, has one effect and one answer"),
  },
  {
    name: "lots-not-used",
    breaks: "what a redemption takes is not taken from the lots",
    file: commitTriggers,
    replace: "`customer_id` = NEW.`customer_id`;\n\n\tUPDATE `lots` SET `used_points` = `used_points` + used.`points`",
    by: "`customer_id` = NEW.`customer_id`;\n\n\tUPDATE `lots` SET `used_points` = `used_points`",
    caughtBy: byLedger("a race > of 200 redemptions for a balance that pays for seven gives seven coupons"),
  },
  {
    name: "usages-not-kept",
    breaks: "which lots a redemption took from is not kept",
    file: commitTriggers,
    replace: "NEW.`usages`) LIMIT -1 OFFSET 0);\n\n\tINSERT INTO `coupons`",
    by: "NEW.`usages`) LIMIT 0 OFFSET 0);\n\n\tINSERT INTO `coupons`",
    caughtBy: byLedger("a coupon that is given back > is void, and its points are back with their end, once"),
  },
  {
    name: "debt-not-kept",
    breaks: "what returns leave open is forgotten",
    file: ledgerStore,
    replace: "points: ledger.points, ...ledger.debt }",
    by: "points: ledger.points, owed: 0, absorbed: 0 }",
    caughtBy: byLedger("an order > gives back what is returned, as if nothing were kept in memory in between"),
  },
  {
    name: "seal-without-chain",
    breaks: "an entry's seal does not cover the one before",
    file: "src/storage/d1/seal.ts",
    replace: "    previous,\n    key.tenant,",
    by: "    key.tenant,",
    caughtBy: by("test/trust/tampering.test.ts", "an entry that is rewritten with its own seal breaks the next one"),
  },
  {
    name: "seal-without-content",
    breaks: "an entry's seal does not cover what it says",
    file: "src/storage/d1/seal.ts",
    replace: "    members.toSorted(([left], [right]) => (left < right ? -1 : 1)),\n",
    by: "",
    caughtBy: by("test/http/audit.test.ts", "finds that a past entry was changed, and which one"),
  },
  {
    name: "erasure-keeps-findings",
    breaks: "an erasure forgets one of the tables",
    file: erasure,
    replace: "    database.delete(ledgerFindings).where(ownedBy(ledgerFindings, key)),\n",
    by: "",
    caughtBy: by("test/trust/erasure.test.ts", "a customer with everything"),
  },
  {
    name: "erasure-keeps-owner",
    breaks: "coupons of an erased customer tell whose they were",
    file: erasure,
    replace: '.set({ issuedTo: "" })',
    by: ".set({ issuedTo: customerId })",
    caughtBy: byLedger("an erasure removes the history, and keeps issued coupons without whom they were issued to"),
  },
  {
    name: "no-database-deadline",
    breaks: "a call to D1 may hang for ever",
    file: answered,
    replace: "return await withinDeadline(call, deadlineMs, ",
    by: "return await withinDeadline(call, 1_000_000 * deadlineMs, ",
    caughtBy: by("test/storage/answered.test.ts", "a read > that hangs ends with the deadline"),
  },
  {
    name: "unknown-write-as-none",
    breaks: "a write that was not answered is told as not done",
    file: answered,
    replace: "    throw new StoreOutcomeUnknown(error.message);\n",
    by: "    throw error;\n",
    caughtBy: by("test/storage/answered.test.ts", "a write > that hangs has an unknown outcome"),
  },
  {
    name: "overload-made-worse",
    breaks: "reads are repeated to a database that has too much to do",
    file: answered,
    replace: "if (!(error instanceof TransientFailure) || isLast) throw error;",
    by: "if (isLast) throw error;",
    caughtBy: by("test/storage/answered.test.ts", "a read > is not tried again when D1 has too much to do"),
  },
  {
    name: "one-use-too-many",
    breaks: "checkouts at once use a coupon once more than it allows",
    file: "src/storage/d1/coupon-redemption-store.ts",
    replace: "or redemption_count < definition ->> 'maxRedemptions')",
    by: "or redemption_count <= definition ->> 'maxRedemptions')",
    caughtBy: by(
      "test/storage/coupon-store.test.ts",
      "the database itself refuses a use > of a coupon without a use left",
    ),
  },
  {
    name: "settings-cached-for-ever",
    breaks: "a site's settings stay in the cache for ever",
    file: "src/storage/kv/kv-settings-cache.ts",
    replace: ", { expirationTtl: seconds }",
    by: "",
    caughtBy: by(
      "test/storage/site-settings.test.ts",
      "come from the mixin first and from the cache then, for 15 minutes",
    ),
  },
  {
    name: "outage-cached-as-off",
    breaks: "a site whose settings cannot be read now is cached as switched off",
    file: "src/storage/kv/cached-site-settings.ts",
    replace: "      if (error instanceof StoreUnavailable) throw error;\n",
    by: "",
    caughtBy: by(
      "test/storage/site-settings.test.ts",
      "are not guessed while storage does not answer, and nothing is cached",
    ),
  },
];

/** The rules. */
const rules: readonly Sabotage[] = [
  {
    name: "last-moment-counts",
    breaks: "points can be spent at the moment of their end",
    file: "src/domain/lot.ts",
    replace: "lot.validUntil > now",
    by: "lot.validUntil >= now",
    caughtBy: byLaws("a grant > counts until the moment of its end, and not from that moment on"),
  },
  {
    name: "latest-end-first",
    breaks: "points that end last are taken first",
    file: "src/domain/lot.ts",
    replace: "return left.validUntil - right.validUntil;",
    by: "return right.validUntil - left.validUntil;",
    caughtBy: byLaws("the order of consumption > takes what ends soonest first"),
  },
  {
    name: "overdraft",
    breaks: "a redemption takes what there is when it is not enough",
    file: "src/domain/ledger.ts",
    replace: "< points ? null : draws;",
    by: "< points ? draws : draws;",
    caughtBy: byLaws("a redemption is refused exactly when it asks for more than is active"),
  },
  {
    name: "expired-points-spent",
    breaks: "expired points can be spent",
    file: "src/domain/ledger.ts",
    replace: "if (missing === 0 || !isActive(lot, now)) return;",
    by: "if (missing === 0) return;",
    caughtBy: by(
      "test/domain/ledger.test.ts",
      "drawing up to an amount > takes nothing from what is over, preferred or not",
    ),
  },
  {
    name: "earned-rounded-up",
    breaks: "a fraction of a point is a point",
    file: "src/domain/earn-rule.ts",
    replace: "Big.roundDown",
    by: "Big.roundUp",
    caughtBy: by(
      "test/domain/earn-rule.test.ts",
      "points > are the largest whole number that is not above value × factor",
    ),
  },
  {
    name: "returned-rounded-up",
    breaks: "returns ask back more than their share",
    file: "src/domain/returns.ts",
    replace: "rounded.RM = 0;",
    by: "rounded.RM = 3;",
    caughtBy: byReturns("what a return asks back > of an order worth 80"),
  },
  {
    name: "returns-beyond-order",
    breaks: "returns ask back more than the order has earned",
    file: "src/domain/returns.ts",
    replace: "const left = grant.points - alreadyRequested;",
    by: "const left = grant.points;",
    caughtBy: byReturns("returns > of a deleted order take all that is left"),
  },
  {
    name: "return-counted-twice",
    breaks: "a return that is told again takes its points again",
    file: "src/domain/taking-back.ts",
    replace: "  if (earlier !== undefined) {",
    by: "  if (earlier !== undefined && earlier.points < 0) {",
    caughtBy: byReturns("returns > happen once each, however often they are told"),
  },
  {
    name: "refund-without-end",
    breaks: "points that come back never expire",
    file: "src/domain/granting.ts",
    replace: "      validUntil,\n      referenceId,\n      description,\n      relatedId,\n",
    by: "      validUntil: null,\n      referenceId,\n      description,\n      relatedId,\n",
    caughtBy: byReturns("a return that is undone > gives points back with the end that they had"),
  },
  {
    name: "debt-not-settled",
    breaks: "new points can be spent while a return is still to be paid",
    file: "src/domain/granting.ts",
    replace: "  const owed = Math.min(debt.owed, points);",
    by: "  const owed = 0;",
    caughtBy: byReturns("points that are not there any more > make the balance negative under negative"),
  },
  {
    name: "month-overflows",
    breaks: "31 January and a month is in March",
    file: "src/domain/time.ts",
    replace: "target.setUTCDate(Math.min(from.getUTCDate(), daysInTargetMonth));",
    by: "target.setUTCDate(from.getUTCDate() + 0 * daysInTargetMonth);",
    caughtBy: by(
      "test/domain/values.test.ts",
      "calendar months > never leave the target month, and keep the time of day",
    ),
  },
  {
    name: "coupon-used-once-more",
    breaks: "a coupon can be used once more than it allows",
    file: "src/domain/coupon.ts",
    replace: "redemptionCount >= maxRedemptions",
    by: "redemptionCount > maxRedemptions",
    caughtBy: by(
      "test/domain/coupon-redemption.test.ts",
      "a coupon > is used up when it has been used as often as it may be",
    ),
  },
  {
    name: "half-the-randomness",
    breaks: "half of the characters are never in a code",
    file: "src/domain/coupon.ts",
    replace: "byte & 31",
    by: "byte & 15",
    caughtBy: by("test/domain/values.test.ts", "coupon codes > use every character of the alphabet equally often"),
  },
  {
    name: "look-alikes-differ",
    breaks: "a code that is read aloud and typed is not found",
    file: "src/domain/coupon.ts",
    replace: '.replaceAll("O", "0")',
    by: "",
    caughtBy: by("test/domain/values.test.ts", "coupon codes > are found however a person types them"),
  },
  {
    name: "used-coupon-refunded",
    breaks: "a coupon that was used gives its points back",
    file: "src/domain/exchanging.ts",
    replace: " || sold.coupon.redemptionCount > 0) {",
    by: ") {",
    caughtBy: by("test/domain/exchanging.test.ts", "a coupon of the embedded service"),
  },
  {
    name: "balance-beyond-exact",
    breaks: "balances grow until they are no exact numbers any more",
    file: "src/domain/granting.ts",
    replace: "ledger.points + points > pointsMax",
    by: "points > pointsMax",
    caughtBy: byLaws("a grant > is refused when the balance would no longer be exact"),
  },
];

/** Exchanges whose coupon a service elsewhere issues, and events. */
const flows: readonly Sabotage[] = [
  {
    name: "charged-back-unknown",
    breaks: "points come back while it is unknown whether the coupon was issued",
    file: exchangeSaga,
    replace: '    if (created.kind === "unknown") return "PENDING";\n',
    by: '    if (created.kind === "unknown") return this.#advance({ id, from: "PENDING", to: "CHARGED_BACK", reason: "unknown" });\n',
    caughtBy: bySaga("ends the same whichever call breaks: the token, the creation, the look-up"),
  },
  {
    name: "charged-back-unasked",
    breaks: "points come back without a look whether an earlier attempt got the coupon",
    file: exchangeSaga,
    replace: 'if (mayHaveBeenAsked && created.kind === "refused") {',
    by: 'if (!mayHaveBeenAsked && created.kind === "refused") {',
    caughtBy: bySaga("is not charged back when an earlier attempt had got the coupon after all"),
  },
  {
    name: "nobody-comes-back",
    breaks: "points are taken before it is certain that somebody goes on",
    file: exchangeSaga,
    replace: "const isCalled = await this.#wakeUp(resumeAfterMs);",
    by: "const isCalled = resumeAfterMs > 0;",
    caughtBy: bySaga("has somebody come back before any points are taken"),
  },
  {
    name: "used-elsewhere-given-back",
    breaks: "a coupon that is used elsewhere at the same moment gives its points back",
    file: exchangeSaga,
    replace: "if (sighting.redemptionCount > 0)",
    by: "if (sighting.redemptionCount < 0)",
    caughtBy: bySaga("that is used at the very moment is not paid for"),
  },
  {
    name: "done-before-verdict",
    breaks: "an event that cannot be processed now is done with all the same",
    file: "src/application/consume-events.ts",
    replace: "  message.retry({ delaySeconds: retryDelaysSeconds[message.attempts - 1] ?? longestDelaySeconds });\n",
    by: "  message.ack();\n",
    caughtBy: byEvents("a message is not done with before its verdict is kept"),
  },
  {
    name: "events-overtake",
    breaks: "events of one order overtake one another",
    file: "src/application/in-order.ts",
    replace: "const done = Promise.all(earlier)",
    by: "const done = Promise.all(earlier.slice(0, 0))",
    caughtBy: byEvents("events of one order are processed in order of arrival, however long each takes"),
  },
  {
    name: "order-told-twice-earns-twice",
    breaks: "an order earns with each of its events",
    file: "src/domain/granting.ts",
    replace: "  const id = earnedEntryId(orderId);\n",
    by: "  const id = draft.entryId(null);\n",
    caughtBy: byLedger("an order > earns once, however often and in whatever company it is told of"),
  },
  {
    name: "erased-comes-back",
    breaks: "an event that comes again brings an erased customer back",
    file: "src/application/process-together.ts",
    replace: "const remembered = events.filter(({ id }) => !forgotten.has(id));",
    by: "const remembered = events;",
    caughtBy: byBatches("events of a customer who has been erased since do nothing, and the others what they ask for"),
  },
  {
    name: "batch-overtakes",
    breaks: "orders of a batch overtake the erasure of their customer",
    file: "src/application/consume-events.ts",
    replace: "const isOvertaking = keys.some((key) => keysOfOthers.has(key));",
    by: "const isOvertaking = keys.length < 0;",
    caughtBy: byBatches("events overtake none of the same order, return or customer that is processed by itself"),
  },
  {
    name: "batch-suffers-together",
    breaks: "one ledger that does not answer has the whole batch tried again",
    file: "src/application/process-together.ts",
    replace: "else failures.set(event, attempt.failure);",
    by: "else for (const each of events) failures.set(each, attempt.failure);",
    caughtBy: byBatches("is retried for the customer alone whose ledger does not answer"),
  },
  {
    name: "batch-commits-one-by-one",
    breaks: "the orders of one call to a ledger do not share a commit",
    file: "src/durable-objects/ledger-turn.ts",
    replace: "const answers = commands.map((command) => this.#queued(command));",
    by: "const answers = commands.map((command) => this.execute(command));",
    caughtBy: byBatches("makes one commit a customer, and two other calls to D1 in all"),
  },
  {
    name: "jobs-stop-at-failure",
    breaks: "a job that fails keeps the others from running",
    file: "src/application/run-jobs.ts",
    replace: '      done[name] = "failed";\n',
    by: '      done[name] = "failed";\n      break;\n',
    caughtBy: by(
      "test/application/jobs.test.ts",
      "does all jobs though one fails, and says in one line what it has done",
    ),
  },
  {
    name: "keys-removed-early",
    breaks: "idempotency keys are removed within the promised time",
    file: "src/application/remove-idempotency-records.ts",
    replace: "(clock.now() - recordsKeptHours * hourMs)",
    by: "(clock.now() - hourMs)",
    caughtBy: by("test/application/jobs.test.ts", "are removed after 48 hours, and not before"),
  },
];

/** What stands between strangers and the service. */
const gates: readonly Sabotage[] = [
  {
    name: "scope-not-checked",
    breaks: "a token without the scope is let in",
    file: "src/application/access.ts",
    replace:
      "return holdsScope(principal, ...access.scopes) ? succeed(principal.tenant) : refuse(missingScope(access.scopes));",
    by: "return succeed(principal.tenant);",
    caughtBy: by("test/http/events.test.ts", "the list of events > is not for customers"),
  },
  {
    name: "tenant-not-checked",
    breaks: "a path may name another tenant than the token",
    file: "src/application/access.ts",
    replace: "pathTenant !== null && pathTenant !== principal.tenant",
    by: "pathTenant === undefined",
    caughtBy: by("test/http/site-mixins.test.ts", "who manages a site > has the scope, and a token of the same tenant"),
  },
  {
    name: "customer-from-query",
    breaks: "a customer may name another one in the query",
    file: "src/http/app-env.ts",
    replace: "  const { customerId } = context.principal;\n",
    by: '  const customerId = (c.req.query("customerId") ?? context.principal.customerId) as CustomerId | null;\n',
    caughtBy: by(
      "test/http/operations.test.ts",
      "a signed-in customer > is whom the token names, whatever the request says",
    ),
  },
  {
    name: "speaks-for-another",
    breaks: "a customer may use a coupon in another one's name",
    file: "src/application/coupon-redeemer.ts",
    replace: "customerNumber === null || customerNumber === customerId;",
    by: "customerNumber !== customerId || customerNumber === customerId;",
    caughtBy: by(
      "test/http/coupons.test.ts",
      "who redeems > is the signed-in customer, who cannot speak for another one",
    ),
  },
  {
    name: "uses-of-others-shown",
    breaks: "a customer may read where another one has used a coupon",
    file: "src/application/find-coupon-redemption.ts",
    replace: "if (customerId !== null) return redemption.customerId === customerId;",
    by: "if (customerId !== null) return true;",
    caughtBy: by("test/http/coupons.test.ts", "who redeems > may read what they have redeemed, and nobody else's"),
  },
  {
    name: "no-size-limit",
    breaks: "bodies of any size are read",
    file: "src/http/middleware/json-body.ts",
    replace: "  maxSize: bodyBytesMax,\n",
    by: "  maxSize: Number.MAX_SAFE_INTEGER,\n",
    caughtBy: by("test/http/protocol.test.ts", "with a body that is not JSON is 415, 400 or 413, and changes nothing"),
  },
  {
    name: "any-number-of-points",
    breaks: "negative and broken numbers of points are taken",
    file: "src/http/schemas/points.ts",
    replace: "      points: amount(),\n      createdAt:",
    by: "      points: z.coerce.number() as unknown as ReturnType<typeof amount>,\n      createdAt:",
    caughtBy: by("test/http/operations.test.ts", "adding points"),
  },
  {
    name: "error-tells-all",
    breaks: "a client is told what went wrong inside",
    file: "src/http/failure-answer.ts",
    replace: '  return answerFailure(c, { code: "internal" });\n',
    by: "  return c.json({ status: 500, error: error.message }, 500);\n",
    caughtBy: by("test/http/logs.test.ts", "tells where an unexpected error came from, and not what it quotes"),
  },
  {
    name: "every-origin",
    breaks: "pages of every origin may read the answers",
    file: "src/http/middleware/cors.ts",
    replace: 'const isOpen = origins.includes("*");',
    by: "const isOpen = origins.length > 0;",
    caughtBy: by("test/http/security-headers.test.ts", "that are not named get no CORS header: 'https://evil.test'"),
  },
  {
    name: "answers-cached",
    breaks: "caches may keep balances and codes",
    file: "src/http/middleware/security-headers.ts",
    replace: '  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");\n',
    by: "",
    caughtBy: by("test/http/security-headers.test.ts", "also when the service fails without knowing why"),
  },
  {
    name: "never-limited",
    breaks: "requests are never counted",
    file: "src/http/middleware/rate-limits.ts",
    replace: 'await c.get("services").rateLimiter.count(limit, JSON.stringify(key));',
    by: "await Promise.resolve<number | null>(limit === null ? key.length : null);",
    caughtBy: by("test/http/rate-limits.test.ts", "an address > that sends too many requests is refused"),
  },
  {
    name: "tokens-logged",
    breaks: "tokens that were refused are in the log",
    file: "src/http/failure-answer.ts",
    replace: 'log.info("token_refused", { requestId: c.get("requestId"), reason: failure.reason });',
    by: 'log.info("token_refused", { requestId: c.req.header("Authorization"), reason: failure.reason });',
    caughtBy: by(
      "test/http/logs.test.ts",
      "has a line for every request, with what became of it, and nothing of whom it is",
    ),
  },
  {
    name: "forged-log-lines",
    breaks: "what a client sends can break a line of the log",
    file: "src/application/json-logger.ts",
    replace: ".replaceAll(treacherous, escaped)",
    by: "",
    caughtBy: by(
      "test/http/logs.test.ts",
      "stays one JSON object, and says what was to be said, whatever characters are in it",
    ),
  },
  {
    name: "any-audience",
    breaks: "a token for another service is taken",
    file: verifiers,
    replace: "        audience: this.#rules.audience,\n",
    by: "",
    caughtBy: byTokens("the embedded issuer and its verifier > refuses another audience"),
  },
  {
    name: "any-issuer",
    breaks: "a token that names another issuer is taken",
    file: verifiers,
    replace: "        issuer: this.#rules.issuer,\n",
    by: "",
    caughtBy: byTokens("the embedded issuer and its verifier > refuses another issuer"),
  },
  {
    name: "endless-tokens",
    breaks: "a token without an end is taken",
    file: verifiers,
    replace: '        requiredClaims: ["exp"],\n',
    by: "",
    caughtBy: byTokens("the embedded issuer and its verifier > refuses no expiry"),
  },
  {
    name: "any-algorithm",
    breaks: "the token chooses its algorithm",
    file: verifiers,
    replace: "        algorithms: [...signatureAlgorithms],\n",
    by: "",
    caughtBy: byTokens("refuses the public key as a shared secret"),
  },
  {
    name: "any-token-type",
    breaks: "an ID token is taken for an access token",
    file: verifiers,
    replace: "        ...(this.#rules.tokenType === null ? {} : { typ: this.#rules.tokenType }),\n",
    by: "",
    caughtBy: byTokens("refuses tokens of another type"),
  },
  {
    name: "remembered-too-long",
    breaks: "a token that was seen is good past its end",
    file: "src/integrations/tokens/remembered-tokens.ts",
    replace: "Math.min(this.#clock.now() + rememberedMsMax, expiresAt)",
    by: "Math.max(this.#clock.now() + rememberedMsMax, expiresAt)",
    caughtBy: byTokens("remembered tokens > are not remembered past their expiry"),
  },
  {
    name: "any-secret",
    breaks: "a client gets a token with any secret",
    file: "src/application/grant-token.ts",
    replace: "if (client === null || !secretFits)",
    by: "if (client === null)",
    caughtBy: by("test/application/grant-token.test.ts", "a client that asks for a token"),
  },
  {
    name: "signature-not-compared",
    breaks: "any signature is right for an event",
    file: "src/integrations/webhook-signature.ts",
    replace: "return matches.includes(true);",
    by: "return matches.length > 0;",
    caughtBy: by(
      "test/integrations/webhook-signature.test.ts",
      "a signature is refused that > was made with another secret",
    ),
  },
  {
    name: "signature-not-asked-for",
    breaks: "an event is taken in whatever its signature",
    file: "src/http/middleware/event-sender.ts",
    replace: "  if (!isRight) {",
    by: "  if (tenant === null) {",
    caughtBy: by("test/http/events.test.ts", "a webhook > with a wrong signature, or none, is refused"),
  },
];

/** All of them, by the layer that is broken. */
export const sabotages: readonly Sabotage[] = [...turn, ...storage, ...rules, ...flows, ...gates];

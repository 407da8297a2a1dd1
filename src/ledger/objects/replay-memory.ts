import type { IdempotencyKey } from "../../platform/values/idempotency-key.ts";
import type { CommandId, EntryId } from "../../platform/values/identifiers.ts";
import { refuse, succeed } from "../../platform/values/result.ts";
import { type LedgerCommand, outcomeOfRedemption } from "../rules/command.ts";
import type { Decision } from "../rules/decide.ts";
import { earnedEntryId } from "../rules/returns.ts";
import type { IdempotencyRecord, LedgerAnswer, LedgerSnapshot, RecalledEntry } from "../use-cases/ports.ts";

/** How many records and how many entries are remembered. The oldest are forgotten first. */
const rememberedMax = 2_000;

/**
 * What a ledger's writer remembers of earlier commands, so that it answers a repetition without carrying it out again.
 * It may forget: the database's keys refuse a repetition that it lets through, and the memory is then rebuilt from
 * storage. It must never be wrong: after a failed commit, it is thrown away.
 */
export class ReplayMemory {
  readonly #records = new Map<string, IdempotencyRecord>();
  readonly #entries = new Map<EntryId, RecalledEntry>();
  #openedBy: CommandId | null;

  constructor(snapshot: LedgerSnapshot) {
    this.#openedBy = snapshot.openedBy;
    for (const record of snapshot.records) this.rememberRecord(record);
    for (const entry of snapshot.entries) this.#rememberEntry(entry);
  }

  /** The answer that `command` already has; null when it is new. */
  recall(command: LedgerCommand): LedgerAnswer | null {
    return this.#recallKey(command) ?? this.#recallEntry(command) ?? this.#recallOpening(command);
  }

  /** Whether the command has a key that is not remembered. */
  isKeyUnknown({ idempotencyKey }: LedgerCommand): boolean {
    return idempotencyKey !== null && !this.#records.has(textOf(idempotencyKey));
  }

  rememberRecord(record: IdempotencyRecord): void {
    bounded(this.#records).set(textOf(record.idempotencyKey), record);
  }

  rememberDecision(decision: Decision): void {
    for (const entry of decision.entries) {
      if (entry.kind === "opened") this.#openedBy = entry.commandId;
      if (entry.kind === "granted" || entry.kind === "redeemed") {
        this.#rememberEntry({
          id: entry.id,
          commandId: entry.commandId,
          fingerprint: entry.fingerprint,
          outcome: entry.kind === "granted" ? { kind: "granted", entryId: entry.id } : outcomeOfRedemption(entry),
        });
      }
      if (entry.kind === "erased") {
        this.#openedBy = null;
        this.#records.clear();
        this.#entries.clear();
      }
    }
  }

  #recallKey(command: LedgerCommand): LedgerAnswer | null {
    const record = command.idempotencyKey === null ? undefined : this.#records.get(textOf(command.idempotencyKey));
    if (record === undefined) return null;
    return record.fingerprint === command.fingerprint
      ? { result: record.result, replayed: true }
      : { result: refuse({ code: "idempotency_key_reused" }), replayed: false };
  }

  /** An id that the client chose acts as a key, and so does an order's. Any other id is the command's own. */
  #recallEntry(command: LedgerCommand): LedgerAnswer | null {
    const id = entryIdOf(command);
    const entry = id === null ? undefined : this.#entries.get(id);
    if (id === null || entry === undefined || command.intent.kind === "open") return null;
    if (entry.commandId === command.id) return { result: succeed(entry.outcome), replayed: false };
    // An order earns once, whatever later events say about it.
    if (command.intent.kind === "earn") return { result: succeed(entry.outcome), replayed: true };
    return entry.fingerprint === command.fingerprint
      ? { result: succeed(entry.outcome), replayed: true }
      : { result: refuse({ code: "entry_id_taken", id }), replayed: false };
  }

  #recallOpening(command: LedgerCommand): LedgerAnswer | null {
    return command.intent.kind === "open" && this.#openedBy === command.id
      ? { result: succeed({ kind: "opened" }), replayed: false }
      : null;
  }

  #rememberEntry(entry: RecalledEntry): void {
    bounded(this.#entries).set(entry.id, entry);
  }
}

/** The id that the command's entry has, or would have, in the journal; null for commands without such an entry. */
export function entryIdOf(command: LedgerCommand): EntryId | null {
  const { intent } = command;
  const own = command.id as string as EntryId;
  switch (intent.kind) {
    case "grant":
      return intent.grant.id ?? own;
    case "redeem":
      return intent.id ?? own;
    case "exchange":
      return own;
    case "earn":
      return earnedEntryId(intent.order.orderId);
    default:
      return null;
  }
}

const textOf = (key: IdempotencyKey): string => JSON.stringify([key.caller, key.operation, key.key]);

/** `map`, after making room for one more. */
function bounded<Key, Value>(map: Map<Key, Value>): Map<Key, Value> {
  if (map.size >= rememberedMax) {
    for (const oldest of map.keys()) {
      map.delete(oldest);
      break;
    }
  }
  return map;
}

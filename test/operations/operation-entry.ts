import type { PreparedShop } from "../support/prepared-shop.ts";
import type { Answer } from "../support/shop.ts";
import type { Callers } from "./callers.ts";
import type { Field } from "./fields.ts";

/**
 * What the tests know of an operation. The tests of authorization, bad input, strangers, fuzz and round trips derive
 * theirs from it; `test/operations/table.test.ts` compares it with the OpenAPI document.
 */
export interface OperationEntry {
  readonly callers: Callers;
  /** A request that is right in a {@link PreparedShop}. Left out: the path's parameters are all that it takes. */
  readonly request?: RightRequest;
  readonly answers: Answers;
  /** Every field of the body with those inside, such as `coupon.discountAbsolute.amount` and `validFor[]`. */
  readonly fields?: Readonly<Record<string, Field>>;
  /** Parameters that `parameters.ts` does not have, or that are different here; by `query:pageSize`. */
  readonly parameters?: Readonly<Record<string, Field>>;
  /** Whether it takes an Idempotency-Key. */
  readonly takesKey?: true;
  /** Whether the same request finds nothing left to do the second time. */
  readonly once?: true;
  /** The largest body that it reads; 64 KiB unless given. */
  readonly bodyBytesMax?: number;

  /** For bad input, where the body has fields of its own: what becomes of a body that is right. */
  readonly written?: Written;
  /** For strangers. */
  readonly strangers?: {
    /** The place where another customer's coupon code is meant to work: it is for whoever has it (docs/adr/0011). */
    readonly forWhoeverHasIt?: string;
    /** Whether answers show what earlier requests have done, so that each request needs a shop of its own. */
    readonly showsWhatItChanged?: true;
  };
  /** For fuzz. */
  readonly fuzz?: {
    /** How often it is called; by its method unless given. */
    readonly weight?: number;
    /** Bodies to send besides those that its schema allows. */
    readonly bodies?: "coupon-uses" | "order-events" | "client" | "settings";
    /** The member of an answer, or of the items of a list, that later requests can name, and as what. */
    readonly tells?: { readonly member: string; readonly as: "code" | "option" | "redemption" | "event" };
  };
  /** For round trips, where the right request, and its repetition if it takes a key, do not tell all. */
  readonly measured?: readonly MeasuredVariant[];
}

/**
 * @param word for names that must be new, and that are the same when the request is sent again
 */
type Made<Part> = (shop: PreparedShop, word: string) => Part;

export interface RightRequest {
  /** What the path's parameters stand for, where it is not what the shop has under their names. */
  readonly path?: Made<Readonly<Record<string, string>>>;
  /** The query without which it is not right. */
  readonly needed?: Made<Readonly<Record<string, string>>>;
  /** Every parameter that it need not have. */
  readonly query?: Made<Readonly<Record<string, string>>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: Made<object>;
  /** Instead of `json`. */
  readonly form?: Made<Readonly<Record<string, string>>>;
}

export interface Answers {
  /** Of the right request. */
  readonly ok: number;
  /**
   * Statuses for what is asked, besides those that all operations have in common: 429 and 500; with a token also 400,
   * 401, 403 and 503; with a body 413 and 415; with a key 422.
   */
  readonly refusals?: readonly number[];
  /** For somebody of another tenant with the same rights there, who asks for the same in that tenant. */
  readonly elsewhere?: number;
  /** For another customer of the tenant, who asks for the same. */
  readonly another?: number;
}

/** In whose shop a body is tried. */
export interface Subject {
  readonly shop: PreparedShop;
  readonly employee: string;
  readonly customer: string;
  /** What the path's parameters stand for, where it is not what the right request has. */
  readonly path: Record<string, string>;
}

export interface Written {
  /** A right body for the fields to be put into; that of the right request unless given. */
  readonly base?: () => object;
  /** What must be in the body besides, so that a field can be right. */
  readonly beside?: Readonly<Record<string, object>>;
  /** What is stored after a body was accepted, in the body's own shape; null when nothing is. */
  readonly read: (subject: Subject, answer: Answer, sent: Readonly<Record<string, unknown>>) => Promise<unknown>;
  /** The tables that may have more rows afterwards; the first one has as many as bodies were accepted. */
  readonly adds: readonly string[];
  /** The tables whose rows it changes. */
  readonly changes?: readonly string[];
  /** Makes what it needs anew for each body. */
  readonly fresh?: (subject: Subject) => Promise<void> | void;
}

/** The isolate and the customer's object have served the customer before, or not. */
export type State = "cold" | "warm";

export interface MeasuredVariant {
  /** What is special about it; nothing in the usual case. */
  readonly name?: string;
  /** In what it differs from the right request. */
  readonly request?: {
    readonly path?: Readonly<Record<string, string>>;
    readonly query?: string;
    readonly json?: object;
    readonly headers?: Readonly<Record<string, string>>;
  };
  readonly isKeyed?: true;
  /** That of the right request unless given. */
  readonly status?: number;
  /** Where the same request has been carried out before: `near` in the same isolate, when that is warm. */
  readonly repeats?: "near" | "elsewhere";
  /** Whether it looks at the seals of the ledger. */
  readonly isAudit?: true;
}

/** The usual request. */
export const usual: readonly MeasuredVariant[] = [{}];

/** The usual request, the same with a key, and its repetition with the key. */
export const usualWithKey: readonly MeasuredVariant[] = [
  {},
  { name: "with a key", isKeyed: true },
  { name: "again with its key", isKeyed: true, repeats: "near" },
];

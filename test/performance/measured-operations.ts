import { type Caller, kindsOf } from "../operations/callers.ts";
import {
  type MeasuredVariant,
  type OperationEntry,
  type State,
  usual,
  usualWithKey,
} from "../operations/operation-entry.ts";
import { operationTable } from "../operations/table.ts";
import type { PreparedShop } from "../support/prepared-shop.ts";

/** A request, with what its path's parameters stand for in `path`. */
export interface Request {
  /** As the OpenAPI document names it. */
  readonly operation: string;
  /** Instead of what {@link PreparedShop} has for the parameters. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly json?: unknown;
  /** Instead of `json`. */
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose token it carries; an employee's with all scopes unless given. */
  readonly as?: Caller;
}

/** What is measured, in a shop of its own: cold and then warm. */
export interface MeasuredOperation extends Pick<MeasuredVariant, "isAudit" | "repeats"> {
  /** As the OpenAPI document names it. */
  readonly operation: string;
  /** What is special about it; empty for the usual case. */
  readonly variant: string;
  readonly request: (shop: PreparedShop, state: State) => Request;
  readonly status: number;
  /** Whether it can be done once only, so that it is measured in two shops. */
  readonly once: boolean;
}

function measuredOperation(operation: string, entry: OperationEntry, variant: MeasuredVariant): MeasuredOperation {
  const { path, needed, json, form } = entry.request ?? {};
  const { name = "", isKeyed, request, status = entry.answers.ok, ...more } = variant;
  const [as] = kindsOf(entry.callers);
  return {
    operation,
    variant: name,
    request: (shop, state) => ({
      operation,
      as,
      ...(path === undefined ? {} : { path: path(shop, state) }),
      ...(needed === undefined ? {} : { query: new URLSearchParams(needed(shop, state)).toString() }),
      ...(json === undefined ? {} : { json: json(shop, state) }),
      ...(form === undefined ? {} : { form: form(shop, state) }),
      ...(isKeyed ? { headers: { "Idempotency-Key": `once-${state}` } } : {}),
      ...request,
    }),
    status,
    once: entry.once ?? false,
    ...more,
  };
}

/** Every operation of the OpenAPI document, and what makes a difference to its round trips. */
export const measuredOperations: readonly MeasuredOperation[] = Object.entries(operationTable).flatMap(
  ([operation, entry]) =>
    (entry.measured ?? (entry.takesKey ? usualWithKey : usual)).map((variant) =>
      measuredOperation(operation, entry, variant),
    ),
);

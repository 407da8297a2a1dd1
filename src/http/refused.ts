import type { Failure } from "../application/failure.ts";
import type { Result } from "../domain/result.ts";

/** Ends a request with a failure; the app's error handler turns it into the answer. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly failure: Failure;
  /** True when an earlier, equal request had already failed like this. */
  readonly replayed: boolean;

  constructor(failure: Failure, replayed = false) {
    super(failure.code);
    this.failure = failure;
    this.replayed = replayed;
  }
}

/** The value of a result. @throws {Refused} when it is a failure. */
export function orRefuse<Value>(result: Result<Value, Failure>): Value {
  if (!result.ok) throw new Refused(result.failure);
  return result.value;
}

import type { Result } from "../values/result.ts";
import type { Failure } from "./failure.ts";

/** Ends a request with a failure; the app's error handler turns it into the answer. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.code);
    this.failure = failure;
  }
}

/** The value of a result. @throws {Refused} when it is a failure. */
export function orRefuse<Value>(result: Result<Value, Failure>): Value {
  if (!result.ok) throw new Refused(result.failure);
  return result.value;
}

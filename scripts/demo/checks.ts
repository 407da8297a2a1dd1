import { AssertionError, deepStrictEqual } from "node:assert/strict";
import type { ApiAnswer } from "../api.ts";

/** What an answer must be, computed by hand. */
export interface Expected {
  readonly status: number;
  /** Members that are not named here may be anything; lists must have as many items. Null: there is no body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The service's answer is not what it must be. */
export class UnexpectedAnswer extends Error {
  override readonly name = "UnexpectedAnswer";
}

/** Compares what is with what must be, and counts how often. */
export class Checks {
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @throws {UnexpectedAnswer} when `actual` is not `expected` */
  expect(what: string, actual: unknown, expected: unknown): void {
    this.#count += 1;
    try {
      deepStrictEqual(actual, expected);
    } catch (error) {
      const difference = error instanceof AssertionError ? error.message.replace(/^.*\n/, "") : String(error);
      throw new UnexpectedAnswer(`\n${what} is not what it must be. Actual against expected:\n${difference}`);
    }
  }

  /** @throws {UnexpectedAnswer} when `answer` is not as expected */
  expectAnswer(answer: ApiAnswer, { status, headers = {}, body }: Expected): void {
    this.expect("The status", answer.status, status);
    for (const [name, value] of Object.entries(headers)) {
      this.expect(`The header ${name}`, answer.headers.get(name), value);
    }
    if (body !== undefined) this.expect("The body", membersOf(answer.body, body), body);
  }
}

/** Whether `answer` is as expected. */
export function isAsExpected(answer: ApiAnswer, expected: Expected): boolean {
  try {
    new Checks().expectAnswer(answer, expected);
    return true;
  } catch (error) {
    if (error instanceof UnexpectedAnswer) return false;
    throw error;
  }
}

/** `actual` without the members that `expected` does not name. */
function membersOf(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(actual) && Array.isArray(expected)) {
    return actual.map((item, index) => (index < expected.length ? membersOf(item, expected[index]) : item));
  }
  if (!isObject(actual) || !isObject(expected)) return actual;
  const named = Object.keys(expected).filter((name) => name in actual);
  return Object.fromEntries(named.map((name) => [name, membersOf(actual[name], expected[name])]));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

import type { z } from "zod";
import type { Violation } from "../../requests/failure.ts";

/** What zod found, in the words of the contract's error details. */
export const violationsOf = (error: z.ZodError): Violation[] =>
  error.issues.map((issue) => ({
    field: issue.path.length === 0 ? null : issue.path.join("."),
    message: issue.message,
    type: issue.code,
  }));

/** How many nested causes are logged. Wrappers are two or three deep. */
const depthMax = 5;
/** How many lines of a stack are logged. */
const framesMax = 20;

/** What the log may say about an unexpected error. */
export interface ErrorFacts {
  readonly error: string;
  /** Where it was thrown: one line per call, innermost first. */
  readonly stack: readonly string[];
  /** Names of the errors that led to it, outermost first. */
  readonly causes: readonly string[];
}

/**
 * The names and places of an error, but never its message. Messages quote the data at hand, such as a statement's
 * parameters or a text that could not be parsed, and with it codes and personal data.
 */
export function errorFacts(error: unknown): ErrorFacts {
  if (!(error instanceof Error)) return { error: typeof error, stack: [], causes: [] };
  return { error: error.name, stack: framesOf(error), causes: causesOf(error) };
}

/** The stack without the message at its top, which may have lines that look like frames. */
function framesOf({ stack, message }: Error): readonly string[] {
  const messageAt = stack?.indexOf(message) ?? -1;
  if (stack === undefined || messageAt < 0) return [];
  const frames = stack.slice(messageAt + message.length).split("\n");
  return frames.flatMap((line) => (/^\s+at /.test(line) ? [line.trim()] : [])).slice(0, framesMax);
}

function causesOf(error: Error): readonly string[] {
  const names: string[] = [];
  for (let { cause } = error; cause instanceof Error && names.length < depthMax; cause = cause.cause) {
    names.push(cause.name);
  }
  return names;
}

/** Words that D1, Queues and this service use for an outage. */
const outageWords =
  /no answer within \d+ ms|overloaded|connection lost|reset|timed? ?out|refused the write|too many|transient|not known/i;

/** An error in a few words: its name and its {@link outageReason}. */
export const briefReason = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${outageReason(error)}` : "unknown";

/** Why something did not answer, if the message says so in known words. The rest of the message may quote data. */
export const outageReason = ({ message }: Error): string => outageWords.exec(message)?.[0] ?? "other";

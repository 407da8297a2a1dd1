/** The command line asks for something that cannot be. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Runs a script: what goes wrong stands in one line on stderr, with exit code 2 when the command line is to blame. */
export async function runScript(script: () => Promise<void>): Promise<void> {
  try {
    await script();
  } catch (error) {
    const isUsage = error instanceof UsageError || isParseArgsError(error);
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = isUsage ? 2 : 1;
  }
}

/** What `parseArgs` throws for unknown flags, missing values and surplus words. */
const isParseArgsError = (error: unknown): boolean =>
  error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS_");

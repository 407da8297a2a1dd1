/** One timed thing of a round. */
export interface Station {
  readonly name: string;
  /** Does it once. @returns what was measured, such as answers per second */
  run(): Promise<number>;
  /** What does not add up after a run: one sentence makes the run void. */
  violations?(): Promise<readonly string[]>;
}

/** What all rounds came to. */
export interface Rounds {
  /** What a station measured, by round; a void run is missing. */
  of(name: string): readonly number[];
  /** How often `name` came to what times `limit`, in the rounds in which both count. */
  ratios(name: string, limit: string): readonly number[];
  readonly voidRuns: readonly string[];
}

/**
 * Runs all stations once a round, one after another, in the other direction every second round: what a machine does
 * besides meets all of them alike, and a ratio is taken from neighbours in time.
 */
export async function runRounds(count: number, stations: readonly Station[]): Promise<Rounds> {
  const measured = new Map<string, (number | null)[]>(stations.map(({ name }) => [name, []]));
  const voidRuns: string[] = [];
  for (let round = 1; round <= count; round += 1) {
    console.error(`round ${round} of ${count}`);
    for (const station of round % 2 === 1 ? stations : stations.toReversed()) {
      const value = await station.run();
      const violations = (await station.violations?.()) ?? [];
      for (const violation of violations) voidRuns.push(`${station.name}, round ${round}: ${violation}`);
      measured.get(station.name)?.push(violations.length === 0 ? value : null);
    }
  }
  const byRound = (name: string): readonly (number | null)[] => {
    const values = measured.get(name);
    if (values === undefined) throw new Error(`Nothing was measured by the name of ${name}.`);
    return values;
  };
  return {
    of: (name) => byRound(name).filter((value) => value !== null),
    ratios: (name, limit) => {
      const limits = byRound(limit);
      return byRound(name).flatMap((value, round) => {
        const other = limits[round] ?? null;
        return value === null || other === null ? [] : [value / other];
      });
    },
    voidRuns,
  };
}

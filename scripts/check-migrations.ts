import { readFileSync } from "node:fs";
import { join } from "node:path";
import { migrationsFolder, projectMigrations } from "./migrations/project-migrations.ts";
import { remoteFaultsIn } from "./migrations/remote-migrations.ts";
import { runScript } from "./usage-error.ts";

// Refuses migrations that a local database takes and a deployed one is known to fail with.

await runScript(async () => {
  const faults = projectMigrations().flatMap((name) =>
    remoteFaultsIn(readFileSync(join(migrationsFolder, name), "utf8")).map(
      ({ line, reason }) => `drizzle/${name}:${line}: ${reason}`,
    ),
  );
  if (faults.length > 0) throw new Error(`${faults.join("\n")}\nCONTRIBUTING.md, "A migration", says why.`);
});

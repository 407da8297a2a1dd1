import { spawnSync } from "node:child_process";

// `npm test`: everything that must pass before a commit, the fastest first.

const steps = [
  { what: "documentation page, migrations, lint and types", command: "npm run -s check" },
  { what: "tests, a line for each file", command: "npx vitest run" },
  { what: "programs that run the built Worker, in their small size", command: "npm run -s verify -- --scripts" },
] as const;

for (const [index, { what, command }] of steps.entries()) {
  console.log(`\n== ${index + 1} of ${steps.length}: ${what} (${command})`);
  const startedAt = performance.now();
  const { status } = spawnSync(command, { shell: true, stdio: "inherit" });
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  if (status !== 0) {
    console.error(`== ${index + 1} of ${steps.length} failed after ${seconds} s. Again: ${command}`);
    process.exit(status ?? 1);
  }
  console.log(`== ${index + 1} of ${steps.length} passed in ${seconds} s`);
}

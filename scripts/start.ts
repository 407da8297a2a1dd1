import { buildDocsPage } from "./build-docs-page.ts";
import { claimFolder } from "./claim-folder.ts";
import { DevServer, requireFreePort } from "./dev-server.ts";
import { type LocalIssuer, localIssuer } from "./local-issuer.ts";
import { ensureLocalSecrets } from "./local-secrets.ts";
import { seedDemoTenant } from "./seed.ts";
import { demoCustomer, demoTenant } from "./seed-data.ts";
import { defaultPort, portOf } from "./service-address.ts";
import { runScript, UsageError } from "./usage-error.ts";
import { runWrangler } from "./wrangler.ts";

// Runs the service on this machine, ready to be tried: tables, keys and a demo tenant included.

const tokenLifetimeHours = 12;
const parentPollMs = 250;
const employeeScopes = ["rewardspoints.rewardpoints_view", "rewardspoints.rewardpoints_manage"];

/** LOG=all: every request's log line and wrangler's own; else warnings and errors only. */
function logsEverything(): boolean {
  const log = process.env["LOG"] ?? "";
  if (log !== "" && log !== "all") throw new UsageError(`LOG must be "all" or nothing, not '${log}'.`);
  return log === "all";
}

/** Runs the service until `stopped` is aborted. */
async function serve(stopped: AbortSignal): Promise<void> {
  const port = portOf(process.env);
  const everything = logsEverything();
  await claimFolder(port);
  await requireFreePort(port);
  console.log("Starting…");
  buildDocsPage();
  const added = await ensureLocalSecrets();
  if (added.length > 0) console.log(`Added to .dev.vars: ${added.join(", ")}`);
  await runWrangler(["d1", "migrations", "apply", "reward-points", "--local"], stopped);

  const server = new DevServer(port, everything);
  const stopRequest = new Promise<void>((resolve) => stopped.addEventListener("abort", () => resolve()));
  try {
    const introduced = server.ready().then(async () => introduce(server.baseUrl, await seededIssuer(server.baseUrl)));
    await Promise.race([introduced, stopRequest]);
    const lost = server
      .lost()
      .then(() => "The service does not answer any more: its runtime has died. Start it again.");
    const ended = server.ended.then(() => "wrangler dev has ended.");
    const why = await Promise.race([lost, ended, stopRequest]);
    if (why !== undefined && !stopped.aborted) throw new Error(why);
  } finally {
    await server.stop();
  }
}

/** The issuer of the tokens to show, after seeding; null when the service does not trust it. */
async function seededIssuer(baseUrl: string): Promise<LocalIssuer | null> {
  const issuer = await localIssuer(tokenLifetimeHours * 3600);
  if (!issuer.isTrusted) return null;
  if (await seedDemoTenant(baseUrl, issuer)) console.log(`Seeded tenant ${demoTenant}.`);
  return issuer;
}

async function introduce(baseUrl: string, issuer: LocalIssuer | null): Promise<void> {
  console.log(`
The service is running. Ctrl-C stops it; its data stays in .wrangler/state.

  Base URL       ${baseUrl}
  Documentation  ${baseUrl}/docs
  Order events   ${baseUrl}/reward-points/${demoTenant}/events
`);
  if (issuer === null) {
    console.log("AUTH_JWKS_URL is set: only that issuer's tokens are accepted, so nothing was seeded.");
    return;
  }
  const port = portOf(process.env);
  const ofPort = port === defaultPort ? "" : `PORT=${port} `;
  const employee = await issuer.employeeToken(demoTenant, employeeScopes);
  const customer = await issuer.customerToken(demoTenant, demoCustomer);
  const curl = (path: string, token: string) =>
    `curl -s -w "\\n" -H "Authorization: Bearer ${token}" ${baseUrl}/reward-points${path}`;
  console.log(`An employee reads the history of customer ${demoCustomer}:

${curl(`/customer/${demoCustomer}/summary`, employee)}

The customer reads the balance:

${curl("/public/customer", customer)}

Both tokens are valid for ${tokenLifetimeHours} hours; "npm run -s token -- --help" tells how to make others.
"${ofPort}npm run demo", in a second terminal, plays the whole journey.`);
}

/** Aborts `stop` when this process is told to end, or when the shell is gone in which npm has started it. */
function listenForTheEnd(stop: AbortController): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  // npm passes a signal on to that shell only, which dies of it without a word to its child.
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || stop.abort(), parentPollMs).unref();
}

await runScript(async () => {
  const stop = new AbortController();
  listenForTheEnd(stop);
  try {
    await serve(stop.signal);
  } catch (error) {
    // What fails because it was told to stop has not failed.
    if (!stop.signal.aborted) throw error;
  }
});

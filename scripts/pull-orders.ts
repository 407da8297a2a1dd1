import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { emporixAccess } from "../src/platform/upstream/emporix-access.ts";
import { parseTenantId, type TenantId } from "../src/platform/values/identifiers.ts";
import type { EpochMs } from "../src/platform/values/time.ts";
import { EmporixChanges } from "../src/polling/integrations/emporix-changes.ts";
import { type Source, sources } from "../src/polling/rules/change.ts";
import { changesSince } from "../src/polling/use-cases/changes-since.ts";
import { overlapMs } from "../src/polling/use-cases/poll-changes.ts";
import { callApiFor } from "./api.ts";
import { localIssuer } from "./local-issuer.ts";
import { readLocalSecrets } from "./local-secrets.ts";
import { baseUrlOf } from "./service-address.ts";
import { runScript, UsageError } from "./usage-error.ts";

// Reads completed orders and returns at Emporix, and sends them to the service as events.

const usage = `Usage: npm run orders:pull -- [--since <moment>] [--state <file>]
  --since  from this moment on, such as 2026-01-01T00:00:00Z; needed the first time
  --state  keeps how far it has read; .wrangler/orders-pull.json unless given
Variables, from the environment or .dev.vars: EMPORIX_URL, EMPORIX_TENANT, UPSTREAM_TOKEN_URL, UPSTREAM_CLIENT_ID,
UPSTREAM_CLIENT_SECRET; BASE_URL and TOKEN (a manager's) for a service that does not run on this machine.`;

const managing = ["rewardspoints.rewardpoints_manage"];
/** Events that are sent at a time. */
const concurrency = 8;

const stateShape = z.partialRecord(z.enum(sources as [Source, ...Source[]]), z.number());
type State = z.output<typeof stateShape>;

const variables: Readonly<Record<string, string | undefined>> = { ...readLocalSecrets(), ...process.env };
const variable = (name: string): string | null => variables[name] || null;

function changes(): EmporixChanges {
  const tenant = parseTenantId(variable("EMPORIX_TENANT") ?? "");
  const baseUrl = variable("EMPORIX_URL")?.replace(/\/+$/, "") ?? null;
  if (tenant === null || baseUrl === null) throw new UsageError(`EMPORIX_URL or EMPORIX_TENANT is missing.\n${usage}`);
  const client = {
    UPSTREAM_TOKEN_URL: variable("UPSTREAM_TOKEN_URL"),
    UPSTREAM_CLIENT_ID: variable("UPSTREAM_CLIENT_ID"),
    UPSTREAM_CLIENT_SECRET: variable("UPSTREAM_CLIENT_SECRET"),
  };
  const access = emporixAccess(baseUrl, client);
  if (access === null) throw new UsageError(usage);
  const tell = (event: string, facts: object = {}) => console.error(event, JSON.stringify(facts));
  return new EmporixChanges(access, tenant, { log: { info: tell, warn: tell, error: tell } });
}

const managersToken = async (tenant: TenantId): Promise<string> =>
  variable("TOKEN") ?? (await (await localIssuer(3_600)).employeeToken(tenant, managing, "orders-pull"));

const readState = (file: string): State =>
  existsSync(file) ? stateShape.parse(JSON.parse(readFileSync(file, "utf8"))) : {};

/** @returns the moment that `--since` means; null without one */
function sinceOf(text: string | undefined): EpochMs | null {
  if (text === undefined) return null;
  const moment = Date.parse(text);
  if (Number.isNaN(moment)) throw new UsageError(`--since must be a moment such as 2026-01-01T00:00:00Z.`);
  return moment as EpochMs;
}

/** Sends the events, and only then keeps the position: a run that is interrupted sends some of them again. */
async function pull(source: Source, from: EpochMs, onRead: (until: EpochMs) => void): Promise<number> {
  const upstream = changes();
  const token = await managersToken(upstream.tenant);
  const path = `/reward-points/${upstream.tenant}/events`;
  const reading = changesSince(upstream, source, from);
  let sent = 0;
  for (;;) {
    const { value, done } = await reading.next();
    if (done === true) {
      if (!value) throw new Error(`The ${source} could not be read to the end: run it again to go on.`);
      return sent;
    }
    const waiting = value.changes.map(({ event }) => event);
    const send = async () => {
      for (let body = waiting.shift(); body !== undefined; body = waiting.shift()) {
        await callApiFor([202], baseUrlOf(variables), { method: "POST", path, token, body });
        sent += 1;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, send));
    onRead(value.until);
  }
}

await runScript(async () => {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: {
      since: { type: "string" },
      state: { type: "string", default: ".wrangler/orders-pull.json" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) return console.log(usage);
  const since = sinceOf(values.since);
  const state = readState(values.state);
  for (const source of sources) {
    const kept = state[source];
    const from = since ?? (kept === undefined ? null : ((kept - overlapMs) as EpochMs));
    if (from === null) throw new UsageError(`--since is needed the first time.\n${usage}`);
    const sent = await pull(source, from, (until) => {
      state[source] = Math.max(until, state[source] ?? 0);
      writeFileSync(values.state, `${JSON.stringify(state)}\n`);
    });
    console.log(`${source}: ${sent} sent, read up to ${new Date(state[source] ?? from).toISOString()}`);
  }
});

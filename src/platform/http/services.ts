import type { Services as Access } from "../../access/use-cases/context.ts";
import type { Services as Audit } from "../../audit/use-cases/context.ts";
import type { Services as Options } from "../../options/use-cases/context.ts";
import type { Services as Polling } from "../../polling/use-cases/context.ts";
import type { Context as Situation } from "../requests/context.ts";
import type { Probe } from "../runtime/ports.ts";

/** Everything that the use cases of all rooms work with. worker.ts puts it together. */
export interface Services extends Options, Polling, Audit, Access {
  readonly probes: readonly Probe[];
  readonly eventInbox: Polling["eventInbox"];
  readonly orderStates: Polling["orderStates"];
  readonly siteSettings: Polling["siteSettings"];
}

export type Context = Situation<Services>;

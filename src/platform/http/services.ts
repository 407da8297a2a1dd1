import type { Services as Access } from "../../access/use-cases/context.ts";
import type { Services as Audit } from "../../audit/use-cases/context.ts";
import type { Services as Options } from "../../options/use-cases/context.ts";
import type { Services as Orders } from "../../orders/use-cases/context.ts";
import type { Context as Situation } from "../requests/context.ts";
import type { Probe } from "../runtime/ports.ts";

/** Everything that the use cases of all rooms work with. worker.ts puts it together. */
export interface Services extends Options, Orders, Audit, Access {
  readonly probes: readonly Probe[];
  readonly eventInbox: Orders["eventInbox"];
  readonly orderStates: Orders["orderStates"];
  readonly siteSettings: Orders["siteSettings"];
}

export type Context = Situation<Services>;

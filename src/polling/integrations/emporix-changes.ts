import type { EmporixAccess } from "../../platform/upstream/emporix-access.ts";
import { UpstreamCalls, type UpstreamServices } from "../../platform/upstream/upstream-calls.ts";
import { refusalReason } from "../../platform/upstream/upstream-status.ts";
import type { UpstreamLimits } from "../../platform/upstream/upstream-time.ts";
import type { TenantId } from "../../platform/values/identifiers.ts";
import { isJsonObject } from "../../platform/values/json-object.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { changedMember, changeOf, type Source } from "../rules/change.ts";
import type { ChangeSource, ChangesPage } from "../use-cases/ports.ts";

/** Documents of one page. An order can be as long as an event may be. */
const pageSize = 20;
const answerBytesMax = 24 * 1024 * 1024;
/** Nobody waits for these calls, and the next run reads on. */
const callLimits: UpstreamLimits = { attemptMsMax: 8_000, callMsMax: 12_000, attemptsMax: 3 };

const scopes = ["order.order_read", "returns.returns_read"];

const paths: Readonly<Record<Source, (tenant: TenantId) => string>> = {
  orders: (tenant) => `/order-v2/${tenant}/salesorders`,
  returns: (tenant) => `/return/${tenant}/returns`,
};

/** Orders that are not delivered, or not delivered yet, earn nothing. Of those, only the withdrawn ones matter. */
const statusQuery: Readonly<Record<Source, string>> = {
  orders: "status:(COMPLETED,DECLINED,CANCELLED) ",
  returns: "",
};

/** Reads at Emporix's Order Service and Returns Service, by their published lists. */
export class EmporixChanges implements ChangeSource {
  readonly tenant: TenantId;
  readonly #baseUrl: string;
  readonly #calls: UpstreamCalls;
  readonly #log: UpstreamServices["log"];

  constructor({ baseUrl, ...client }: EmporixAccess, tenant: TenantId, services: UpstreamServices) {
    this.tenant = tenant;
    this.#baseUrl = baseUrl;
    this.#log = services.log;
    this.#calls = new UpstreamCalls({ ...client, scopes }, services);
  }

  readonly page = async (source: Source, since: EpochMs, pageNumber: number): Promise<ChangesPage | null> => {
    const member = changedMember[source];
    const query = new URLSearchParams({
      q: `${statusQuery[source]}${member}:(>="${new Date(since).toISOString()}")`,
      sort: `${member}:asc`,
      pageSize: String(pageSize),
      pageNumber: String(pageNumber),
    });
    const call = {
      operation: `${source}.list`,
      tenant: this.tenant,
      method: "GET",
      url: `${this.#baseUrl}${paths[source](this.tenant)}?${query}`,
      answerBytesMax,
    } as const;
    const outcome = await this.#calls.call(call, this.#calls.budget(callLimits));
    if (outcome.kind === "unknown") return null;
    if (outcome.kind === "unauthorized") return this.#refused(source, outcome.reason);
    const { status, body } = outcome;
    if (status !== 200) return this.#refused(source, refusalReason(status, body));
    if (!Array.isArray(body) || !body.every(isJsonObject)) return this.#refused(source, "not understood");
    return { changes: body.map((document) => changeOf(source, document)), isFull: body.length >= pageSize };
  };

  #refused(source: Source, reason: string): null {
    this.#log.warn("upstream_refused", { operation: `${source}.list`, tenant: this.tenant, reason });
    return null;
  }
}

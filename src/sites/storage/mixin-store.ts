import { and, asc, eq } from "drizzle-orm";
import type { KeyedRequest } from "../../platform/requests/keyed-request.ts";
import { systemClock } from "../../platform/runtime/system-clock.ts";
import { keyedAnswerRow } from "../../platform/storage/answer-store.ts";
import { answeredRead, answeredWrite } from "../../platform/storage/answered.ts";
import { storedObject } from "../../platform/storage/stored-object.ts";
import { idempotencyRecords } from "../../platform/storage/tables.ts";
import type { SiteCode, TenantId } from "../../platform/values/identifiers.ts";
import { readable } from "../../tenants/storage/readable.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { Mixin, MixinStore } from "../use-cases/ports.ts";
import { siteMixins } from "./tables.ts";

/** Site mixins in D1, as JSON text. */
export class D1MixinStore implements MixinStore {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  async list(tenant: TenantId, site: SiteCode): Promise<Readonly<Record<string, Mixin>>> {
    const rows = await answeredRead(() =>
      this.#databases
        .drizzleOf(tenant)
        .select()
        .from(siteMixins)
        .where(and(eq(siteMixins.tenant, tenant), eq(siteMixins.siteCode, site)))
        .orderBy(asc(siteMixins.mixinName))
        .execute(),
    );
    const named = (row: (typeof rows)[number]) => [row.mixinName, mixinFromText(row.value)] as const;
    const nameOf = ({ siteCode, mixinName }: (typeof rows)[number]) => ({
      table: "site_mixins",
      row: `${siteCode}/${mixinName}`,
    });
    return Object.fromEntries(readable(rows, named, this.#databases, nameOf));
  }

  async find(tenant: TenantId, site: SiteCode, name: string): Promise<Mixin | null> {
    const text = await this.#textOf(tenant, site, name);
    return text === null ? null : mixinFromText(text);
  }

  async findToRevise(tenant: TenantId, site: SiteCode, name: string): Promise<Mixin | null> {
    const text = await this.#textOf(tenant, site, name);
    return text === null ? null : meaningOf(text);
  }

  async insert(
    tenant: TenantId,
    site: SiteCode,
    mixins: Readonly<Record<string, Mixin>>,
    keyed: (KeyedRequest & { readonly body: string }) | null,
  ): Promise<void> {
    const drizzle = this.#databases.drizzleOf(tenant);
    // A statement for each: D1 allows a hundred parameters per statement.
    const [first, ...more] = Object.entries(mixins).map(([mixinName, mixin]) =>
      drizzle.insert(siteMixins).values({ tenant, siteCode: site, mixinName, value: JSON.stringify(mixin) }),
    );
    if (first === undefined) return;
    const answers =
      keyed === null
        ? []
        : [drizzle.insert(idempotencyRecords).values(keyedAnswerRow(tenant, keyed, systemClock.now()))];
    await answeredWrite(drizzle.batch([first, ...more, ...answers]));
  }

  /** Compares content first, not text: somebody may have written the stored text by hand, with other white space. */
  async replace(tenant: TenantId, site: SiteCode, name: string, previous: Mixin, mixin: Mixin): Promise<boolean> {
    const text = await this.#textOf(tenant, site, name);
    if (text === null || JSON.stringify(meaningOf(text)) !== JSON.stringify(previous)) return false;
    const replaced = await answeredWrite(
      this.#databases
        .drizzleOf(tenant)
        .update(siteMixins)
        .set({ value: JSON.stringify(mixin) })
        .where(and(namedMixin(tenant, site, name), eq(siteMixins.value, text)))
        .returning({ name: siteMixins.mixinName })
        .execute(),
    );
    return replaced.length > 0;
  }

  async remove(tenant: TenantId, site: SiteCode, name: string): Promise<boolean> {
    const removed = await answeredWrite(
      this.#databases
        .drizzleOf(tenant)
        .delete(siteMixins)
        .where(namedMixin(tenant, site, name))
        .returning({ name: siteMixins.mixinName })
        .execute(),
    );
    return removed.length > 0;
  }

  async #textOf(tenant: TenantId, site: SiteCode, name: string): Promise<string | null> {
    const rows = await answeredRead(() =>
      this.#databases
        .drizzleOf(tenant)
        .select({ text: siteMixins.value })
        .from(siteMixins)
        .where(namedMixin(tenant, site, name))
        .execute(),
    );
    return rows[0]?.text ?? null;
  }
}

/** A site's mixin of that name. */
export const namedMixin = (tenant: TenantId, site: SiteCode, name: string) =>
  and(eq(siteMixins.tenant, tenant), eq(siteMixins.siteCode, site), eq(siteMixins.mixinName, name));

/** @throws {Error} when the text is not a JSON object */
export const mixinFromText = (text: string): Mixin => storedObject(text, "mixin");

/** What cannot be read counts as empty, so that it can be repaired. */
export function meaningOf(text: string): Mixin {
  try {
    return mixinFromText(text);
  } catch {
    return {};
  }
}

import { and, asc, eq, ne, sql } from "drizzle-orm";
import type { KeyedRequest } from "../../platform/requests/keyed-request.ts";
import { systemClock } from "../../platform/runtime/system-clock.ts";
import { keyedAnswerRow } from "../../platform/storage/answer-store.ts";
import { answeredRead, answeredWrite } from "../../platform/storage/answered.ts";
import { itemsOf } from "../../platform/storage/conditions.ts";
import { storedObject } from "../../platform/storage/stored-object.ts";
import { idempotencyRecords } from "../../platform/storage/tables.ts";
import type { SiteCode, TenantId } from "../../platform/values/identifiers.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import { readable } from "../../tenants/storage/readable.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import { type Site, unstoredMain } from "../rules/site.ts";
import { settingsMixinName } from "../rules/site-settings.ts";
import type { Mixin, MixinOutline, SiteChange, SiteStore, StoredMixin } from "../use-cases/ports.ts";
import { meaningOf, mixinFromText, namedMixin } from "./mixin-store.ts";
import { siteMixins, sites } from "./tables.ts";

type Row = typeof sites.$inferSelect;

/** Sites in D1, as JSON text, with what they show of their mixins. */
export class D1SiteStore implements SiteStore {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  async list(tenant: TenantId): Promise<readonly Site[]> {
    const rows = await answeredRead(() =>
      this.#databases
        .drizzleOf(tenant)
        .select()
        .from(sites)
        .where(eq(sites.tenant, tenant))
        .orderBy(asc(sites.siteCode))
        .execute(),
    );
    const read = (text: string) => storedObject(text, "site");
    const nameOf = ({ siteCode }: Row) => ({ table: "sites", row: siteCode });
    return readable(rows, (row) => siteFromRow(row, read), this.#databases, nameOf);
  }

  /** One call reads both. */
  async find(tenant: TenantId, code: SiteCode): Promise<{ site: Site | null; hasDefault: boolean }> {
    const drizzle = this.#databases.drizzleOf(tenant);
    const [[row], defaults] = await answeredRead(() =>
      drizzle.batch([
        drizzle.select().from(sites).where(coded(tenant, code)),
        drizzle
          .select({ code: sites.siteCode })
          .from(sites)
          .where(and(eq(sites.tenant, tenant), isDefault)),
      ]),
    );
    return { site: row === undefined ? null : siteFromRow(row, meaningOf), hasDefault: defaults.length > 0 };
  }

  async outlines(tenant: TenantId, codes: readonly SiteCode[]): Promise<readonly MixinOutline[]> {
    const { siteCode, mixinName: name, value } = siteMixins;
    return answeredRead(() =>
      this.#databases
        .drizzleOf(tenant)
        .select({
          siteCode,
          name,
          schemaUrl: sql<string | null>`iif(json_valid(${value}), ${value} ->> '$.metadata.schema', null)`,
          length: sql<number>`length(${value})`,
        })
        .from(siteMixins)
        .where(ofSites(tenant, codes))
        .orderBy(asc(siteCode), asc(name))
        .execute(),
    );
  }

  async contents(
    tenant: TenantId,
    codes: readonly SiteCode[],
  ): Promise<ReadonlyMap<SiteCode, Readonly<Record<string, Mixin>>>> {
    const rows = await answeredRead(() =>
      this.#databases
        .drizzleOf(tenant)
        .select()
        .from(siteMixins)
        .where(ofSites(tenant, codes))
        .orderBy(asc(siteMixins.siteCode), asc(siteMixins.mixinName))
        .execute(),
    );
    const contents = readable(
      rows,
      (row) => ({ siteCode: row.siteCode, entry: [row.mixinName, mixinFromText(row.value)] as const }),
      this.#databases,
      ({ siteCode, mixinName }) => ({ table: "site_mixins", row: `${siteCode}/${mixinName}` }),
    );
    const bySite = Map.groupBy(contents, ({ siteCode }) => siteCode);
    return new Map([...bySite].map(([code, own]) => [code, Object.fromEntries(own.map(({ entry }) => entry))]));
  }

  async findToRevise(tenant: TenantId, code: SiteCode): Promise<ReadonlyMap<string, StoredMixin>> {
    const rows = await answeredRead(() =>
      this.#databases
        .drizzleOf(tenant)
        .select({ name: siteMixins.mixinName, text: siteMixins.value })
        .from(siteMixins)
        .where(ofSite(tenant, code))
        .execute(),
    );
    return new Map(rows.map(({ name, text }) => [name, { text, mixin: meaningOf(text) }]));
  }

  /** One call reads both. */
  async settings(tenant: TenantId, code: SiteCode): Promise<{ mixin: Mixin | null; details: JsonObject | null }> {
    const drizzle = this.#databases.drizzleOf(tenant);
    const [[mixin], [site]] = await answeredRead(() =>
      drizzle.batch([
        drizzle
          .select({ text: siteMixins.value })
          .from(siteMixins)
          .where(namedMixin(tenant, code, settingsMixinName)),
        drizzle.select({ text: sites.details }).from(sites).where(coded(tenant, code)),
      ]),
    );
    return {
      mixin: mixin === undefined ? null : mixinFromText(mixin.text),
      details: site === undefined ? null : meaningOf(site.text),
    };
  }

  /**
   * One transaction. A row that is no longer as the change says gets no value, which its column does not allow: that
   * ends the transaction.
   */
  async write(
    tenant: TenantId,
    { site, replacedVersion, mixins }: SiteChange,
    keyed: (KeyedRequest & { readonly body: string }) | null,
  ): Promise<void> {
    const drizzle = this.#databases.drizzleOf(tenant);
    const { code: siteCode, version } = site;
    const other = and(eq(sites.tenant, tenant), isDefault, ne(sites.siteCode, siteCode));
    const { code: main, version: none, details: unknown } = unstoredMain;
    const hasDefault = sql`exists ${drizzle
      .select({ one: sql`1` })
      .from(sites)
      .where(and(eq(sites.tenant, tenant), isDefault))}`;
    // A site main that was not stored stays when another one takes its place.
    const storesMain = drizzle
      .insert(sites)
      .select(
        sql`select ${tenant}, ${main}, 0, ${none + 1}, ${JSON.stringify(unknown)} where ${siteCode} <> ${main} and not ${hasDefault}`,
      )
      .onConflictDoNothing();
    const losesDefault = drizzle
      .update(sites)
      .set({ isDefault: 0, version: sql`${sites.version} + 1` })
      .where(other);
    const details = JSON.stringify(site.details);
    const row = { tenant, siteCode, isDefault: site.isDefault ? 1 : 0, version };
    const replaced = drizzle.select({ version: sites.version }).from(sites).where(coded(tenant, siteCode));
    const storesSite =
      replacedVersion === 0
        ? drizzle.insert(sites).values({ ...row, details })
        : drizzle
            .insert(sites)
            .values({ ...row, details: sql`iif(${replaced} is ${replacedVersion}, ${details}, null)` })
            .onConflictDoUpdate({
              target: [sites.tenant, sites.siteCode],
              set: { isDefault: excluded("is_default"), version: excluded("version"), details: excluded("details") },
            });
    const storesMixins = mixins.map(({ name, previous, next }) => {
      const named = namedMixin(tenant, siteCode, name);
      if (next === null) return drizzle.delete(siteMixins).where(named);
      const current = drizzle.select({ value: siteMixins.value }).from(siteMixins).where(named);
      const value = sql`iif(${current} is ${previous}, ${JSON.stringify(next)}, null)`;
      return drizzle
        .insert(siteMixins)
        .values({ tenant, siteCode, mixinName: name, value })
        .onConflictDoUpdate({
          target: [siteMixins.tenant, siteMixins.siteCode, siteMixins.mixinName],
          set: { value: excluded("value") },
        });
    });
    const answers =
      keyed === null
        ? []
        : [drizzle.insert(idempotencyRecords).values(keyedAnswerRow(tenant, keyed, systemClock.now()))];
    const rest = [...storesMixins, ...answers];
    await answeredWrite(
      site.isDefault
        ? drizzle.batch([storesMain, losesDefault, storesSite, ...rest])
        : drizzle.batch([storesSite, ...rest]),
    );
  }

  async remove(tenant: TenantId, code: SiteCode): Promise<boolean> {
    const drizzle = this.#databases.drizzleOf(tenant);
    const stays = sql`exists ${drizzle
      .select({ one: sql`1` })
      .from(sites)
      .where(and(coded(tenant, code), isDefault))}`;
    const [, , left] = await answeredWrite(
      drizzle.batch([
        drizzle.delete(siteMixins).where(and(ofSite(tenant, code), sql`not ${stays}`)),
        drizzle.delete(sites).where(and(coded(tenant, code), sql`not ${isDefault}`)),
        drizzle.select({ code: sites.siteCode }).from(sites).where(coded(tenant, code)),
      ]),
    );
    return left.length === 0;
  }
}

/** In the words of the index: a parameter in its place could be anything. */
const isDefault = sql`${sites.isDefault} = 1`;

const coded = (tenant: TenantId, code: SiteCode) => and(eq(sites.tenant, tenant), eq(sites.siteCode, code));

const ofSite = (tenant: TenantId, code: SiteCode) => and(eq(siteMixins.tenant, tenant), eq(siteMixins.siteCode, code));

const ofSites = (tenant: TenantId, codes: readonly SiteCode[]) =>
  and(eq(siteMixins.tenant, tenant), sql`${siteMixins.siteCode} in ${itemsOf(JSON.stringify(codes))}`);

const excluded = (column: string) => sql.raw(`excluded.${column}`);

/** @throws what `read` throws for details that cannot be read */
function siteFromRow(row: Row, read: (text: string) => JsonObject): Site {
  const { siteCode: code, version } = row;
  return { code, isDefault: row.isDefault === 1, version, details: read(row.details) };
}

import { env } from "cloudflare:workers";
import type { PreparedShop } from "../support/prepared-shop.ts";
import { refreshTokenOf } from "../support/tokens.ts";

/**
 * As many tenants as are named that have what `shop` has in D1 and in KV, under the same names: much faster than to
 * prepare each of them. Their ledgers' seals are those of the first one, so that audits find them broken.
 */
export async function copiesOf(shop: PreparedShop, tenants: readonly string[]): Promise<readonly PreparedShop[]> {
  await copyRows(shop.tenant, tenants);
  const { keys } = await env.SETTINGS_CACHE.list();
  for (const { name } of keys.filter((key) => key.name.includes(shop.tenant))) {
    const value = await env.SETTINGS_CACHE.get(name);
    if (value === null) continue;
    await Promise.all(
      tenants.map((tenant) => env.SETTINGS_CACHE.put(name.replace(shop.tenant, tenant), value, { expirationTtl: 900 })),
    );
  }
  return Promise.all(tenants.map(async (tenant) => ({ ...shop, tenant, refreshToken: await refreshTokenOf(tenant) })));
}

async function copyRows(from: string, to: readonly string[]): Promise<void> {
  const { results } = await env.DB.prepare(
    // Backwards, because lots come before their usages.
    `select m.name, json_group_array(c.name) as columns from sqlite_master m, pragma_table_info(m.name) c
      where m.type = 'table' and m.sql like '%\`tenant\`%' and c.name <> 'tenant' group by m.name order by m.name desc`,
  ).all<{ name: string; columns: string }>();
  const copies = results.map(({ name, columns }) => {
    const others = JSON.parse(columns) as readonly string[];
    // In the order of the primary key, which is that of the columns: entries follow one another.
    const given = others.map((column) => `t.${column}`).join(", ");
    const text = `insert into ${name} (tenant, ${others.join(", ")}) select j.value, ${given}
      from json_each(?2) j cross join ${name} t where t.tenant = ?1 order by j.value, ${given}`;
    return env.DB.prepare(text).bind(from, JSON.stringify(to));
  });
  await env.DB.batch(copies);
}

import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { CustomerId, TenantId } from "../../src/domain/identifiers.ts";

test("smoke", async () => {
  const stub = env.CUSTOMER_LEDGER.getByName("demo/C1");
  const cmd = (id: string, intent: any) => ({ id, actor: "x", intent, fingerprint: id, idempotencyKey: null }) as any;
  expect(await stub.activePoints()).toEqual({ ok: true, value: 0 });
  expect(
    await stub.execute(
      cmd("a", {
        kind: "grant",
        grant: {
          id: null,
          points: 750,
          referenceId: null,
          description: null,
          createdAt: null,
          validUntil: null,
          validityMonths: null,
        },
      }),
    ),
  ).toEqual({ result: { ok: true, value: { kind: "granted" } }, replayed: false });
  const all = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      stub.execute(
        cmd(`r${i}`, {
          kind: "exchange",
          terms: {
            ok: true,
            value: {
              redeemOptionId: "o",
              points: 100,
              description: null,
              couponPrefix: "T",
              coupon: { name: "x", discountType: "PERCENT", discountPercentage: 1 },
            },
          },
        }),
      ),
    ),
  );
  const ok = all.filter((a) => a.result.ok);
  expect(ok.length).toBe(7);
  expect(await stub.activePoints()).toEqual({ ok: true, value: 50 });
  console.log(all[10], (await env.DB.prepare("select * from coupons").all()).results.length);
});

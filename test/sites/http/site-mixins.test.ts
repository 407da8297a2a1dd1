import { describe, expect, it } from "vitest";
import { type Answer, call, Shop } from "../../support/shop.ts";
import { customerToken, employeeToken } from "../../support/tokens.ts";

const settings = { enabled: true, codePrefix: "LLS", orderValueToRewardPointsFactor: 0.5, validityInMonths: 12 };

/** A shop without settings, and the ways to its mixins. */
async function openShop() {
  const shop = await Shop.open(null);
  const mixins = `/site/${shop.tenant}/sites/main/mixins`;
  const mixin = (name: string): string => `${mixins}/${name}`;
  const create = (json: unknown, headers?: Record<string, string>) => shop.manage("POST", mixins, json, headers);
  const read = async (name: string): Promise<unknown> => (await shop.manage("GET", mixin(name))).body;
  /** Sends JSON as it is written here. */
  const send = (method: string, path: string, body: string, contentType = "application/json"): Promise<Answer> =>
    call(method, path, { token: shop.employee, body, headers: { "Content-Type": contentType } });
  return { shop, mixins, mixin, create, read, send };
}

describe("mixins of a site", () => {
  it("are created, listed, read, replaced, changed in part and deleted", async () => {
    const { shop, mixins, mixin, create, read } = await openShop();
    expect(await shop.manage("GET", mixins)).toMatchObject({ status: 200, body: {} });

    const couponSettings = { length: 3, rewardpoints: settings };
    expect(await create({ couponSettings })).toMatchObject({ status: 201, body: { id: "couponSettings" } });
    expect(await create({ merchantInfo: {} })).toMatchObject({ status: 201, body: { id: "merchantInfo" } });
    expect((await shop.manage("GET", mixins)).body).toEqual({ couponSettings, merchantInfo: {} });
    expect(await shop.manage("GET", mixin("couponSettings"))).toMatchObject({ status: 200, body: couponSettings });

    const replaced = await shop.manage("PUT", mixin("merchantInfo"), { merchantName: "A", contact: { phone: "1" } });
    expect(replaced).toMatchObject({ status: 200, body: "" });
    const patch = { merchantName: null, contact: { mail: "a@b.test" } };
    expect(await shop.manage("PATCH", mixin("merchantInfo"), patch)).toMatchObject({ status: 200, body: "" });
    expect(await read("merchantInfo")).toEqual({ contact: { phone: "1", mail: "a@b.test" } });

    expect(await shop.manage("DELETE", mixin("merchantInfo"))).toMatchObject({ status: 204, body: "" });
    expect((await shop.manage("GET", mixins)).body).toEqual({ couponSettings });
  });

  it("may stand under their own name in a replacement or a patch", async () => {
    const { shop, mixin, create, read } = await openShop();
    await create({ test: { a: 1 } });

    await shop.manage("PUT", mixin("test"), { test: { active: true } });
    expect(await read("test")).toEqual({ active: true });
    await shop.manage("PATCH", mixin("test"), { test: { more: 1 } });
    expect(await read("test")).toEqual({ active: true, more: 1 });
    await shop.manage("PUT", mixin("test"), { test: { a: 1 }, beside: 2 });
    expect(await read("test")).toEqual({ test: { a: 1 }, beside: 2 });
    await shop.manage("PATCH", mixin("test"), { test: null });
    expect(await read("test")).toEqual({ beside: 2 });
  });

  it("are kept apart by site and by tenant", async () => {
    const first = await openShop();
    const second = await openShop();
    await first.create({ test: { of: "first" } });
    await second.create({ test: { of: "second" } });
    await first.shop.manage("POST", `/site/${first.shop.tenant}/sites/${encodeURIComponent("日本/x")}/mixins`, {
      test: {},
    });

    expect(await first.read("test")).toEqual({ of: "first" });
    expect(await second.read("test")).toEqual({ of: "second" });
    const elsewhere = `/site/${first.shop.tenant}/sites/${encodeURIComponent("日本/x")}/mixins/test`;
    expect(await first.shop.manage("GET", elsewhere)).toMatchObject({ status: 200, body: {} });
  });

  it("keep every member that was sent, whatever its name", async () => {
    const { mixin, mixins, shop, read, send } = await openShop();
    const content = '{"__proto__":{"a":[1]},"constructor":null,"":"ä\\u0000😀","nested":{"__proto__":1}}';

    expect((await send("POST", mixins, `{"test":${content}}`)).status).toBe(201);
    expect(JSON.stringify(await read("test"))).toBe(JSON.stringify(JSON.parse(content)));

    expect((await send("PATCH", mixin("test"), '{"__proto__":{"b":2},"nested":{"__proto__":null}}')).status).toBe(200);
    const merged = '{"__proto__":{"a":[1],"b":2},"constructor":null,"":"ä\\u0000😀","nested":{}}';
    expect(JSON.stringify(await read("test"))).toBe(JSON.stringify(JSON.parse(merged)));

    expect((await send("PUT", mixin("test"), '{"__proto__":{}}')).status).toBe(200);
    expect(JSON.stringify((await shop.manage("GET", mixins)).body)).toBe('{"test":{"__proto__":{}}}');
  });

  it("lose no change when several are made at once", async () => {
    const { shop, mixin, create, read } = await openShop();
    await create({ test: {} });
    const names = ["a", "b", "c", "d", "e"];
    const answers = await Promise.all(names.map((name) => shop.manage("PATCH", mixin("test"), { [name]: name })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await read("test")).toEqual({ a: "a", b: "b", c: "c", d: "d", e: "e" });
  });

  it("are created together when several are given, all or none", async () => {
    const { shop, mixins, create } = await openShop();
    const body = { testMixin: { active: true }, orderProcessSettings: { paymentByInvoice: true, metadata: {} } };
    expect(await create(body)).toMatchObject({ status: 201, body: { id: "testMixin" } });
    const taken = await create({ another: {}, orderProcessSettings: {} });
    expect(taken).toMatchObject({
      status: 409,
      body: { message: "Mixin orderProcessSettings already exists for site main" },
    });
    const wrong = await create({ another: {}, couponSettings: { rewardpoints: { enabled: 1 } } });
    expect(wrong).toMatchObject({ status: 400, body: { details: [{ field: "couponSettings.rewardpoints.enabled" }] } });
    expect((await shop.manage("GET", mixins)).body).toEqual(body);
    const many = Object.fromEntries(Array.from({ length: 99 }, (_, n) => [`m${n}`, {}]));
    expect(await create(many)).toMatchObject({ status: 400, body: { code: "mixin_limit_reached" } });
    const { m98: _, ...fitting } = many;
    expect((await create(fitting)).status).toBe(201);
  });

  it("are created once when it is tried several times at once", async () => {
    const { shop, mixins, create } = await openShop();
    const answers = await Promise.all([1, 2, 3].map((n) => create({ test: { n } })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    expect(Object.keys((await shop.manage("GET", mixins)).body as object)).toEqual(["test"]);
  });
});

describe("settings of reward points", () => {
  it.each<[string, object]>([
    [
      "the contract's example",
      { codePrefix: "T", orderValueToRewardPointsFactor: 1, enabled: true, validityInMonths: 2 },
    ],
    [
      "the tutorial's names",
      { enable: true, couponPrefix: "T", orderValueToRewardPointsFactor: 1, validityInMonths: 2 },
    ],
    ["a site that earns nothing on purpose", { enabled: true, orderValueToRewardPointsFactor: 0 }],
    ["a site that is off", { enabled: false }],
    ["both names with one value", { enabled: false, enable: false, codePrefix: "A", couponPrefix: "A" }],
  ])("are taken: %s", async (_, rewardpoints) => {
    const { shop, mixin, create, read } = await openShop();
    const couponSettings = { rewardpoints, codePrefix: "ED", length: 3, referral: { codePrefix: "E" } };
    expect((await create({ couponSettings })).status).toBe(201);
    expect((await shop.manage("PUT", mixin("couponSettings"), couponSettings)).status).toBe(200);
    expect((await shop.manage("PATCH", mixin("couponSettings"), { rewardpoints })).status).toBe(200);
    expect(await read("couponSettings")).toEqual(couponSettings);
  });
});

describe("a merge patch", () => {
  it.each(["application/merge-patch+json", "Application/Merge-Patch+JSON; charset=utf-8", "application/json"])(
    "is taken as %s, and checked",
    async (contentType) => {
      const { mixin, create, read, send } = await openShop();
      await create({ couponSettings: { rewardpoints: settings } });
      const patch = (body: string) => send("PATCH", mixin("couponSettings"), body, contentType);

      expect((await patch('{"rewardpoints":{"validityInMonths":null}}')).status).toBe(200);
      expect(await patch("[]")).toMatchObject({
        status: 400,
        body: { details: [{ message: "must be a JSON object" }] },
      });
      expect((await patch("{")).status).toBe(400);

      const { validityInMonths: _, ...rest } = settings;
      expect(await read("couponSettings")).toEqual({ rewardpoints: rest });
    },
  );

  it("is not taken as text", async () => {
    const { mixin, send } = await openShop();
    expect(await send("PATCH", mixin("test"), "{}", "text/plain")).toMatchObject({
      status: 415,
      body: { type: "unsupported_media_type" },
    });
  });

  const byContract = { enabled: true, codePrefix: "OLD", orderValueToRewardPointsFactor: 1 };
  const byTutorial = { enable: true, couponPrefix: "OLD", orderValueToRewardPointsFactor: 1 };

  it.each<[string, object, object, object]>([
    [
      "the tutorial's after the contract's",
      byContract,
      { enable: false, couponPrefix: "NEW" },
      { enable: false, couponPrefix: "NEW" },
    ],
    [
      "the contract's after the tutorial's",
      byTutorial,
      { enabled: false, codePrefix: "NEW" },
      { enabled: false, codePrefix: "NEW" },
    ],
    [
      "one name out of two",
      { ...byContract, ...byTutorial },
      { enable: false },
      { enable: false, codePrefix: "OLD", couponPrefix: "OLD" },
    ],
    ["a removal by the other name", byContract, { enable: null, couponPrefix: null }, {}],
    [
      "a new name for an old value",
      byContract,
      { codePrefix: null, couponPrefix: "OLD" },
      { enabled: true, couponPrefix: "OLD" },
    ],
    [
      "both names with one value",
      byContract,
      { enabled: false, enable: false },
      { enabled: false, enable: false, codePrefix: "OLD" },
    ],
  ])("counts under whatever name a setting is stored: %s", async (_, stored, rewardpoints, expected) => {
    const { shop, mixin, create, read } = await openShop();
    await create({ couponSettings: { rewardpoints: stored } });
    expect(await shop.manage("PATCH", mixin("couponSettings"), { rewardpoints })).toMatchObject({ status: 200 });
    expect(await read("couponSettings")).toEqual({
      rewardpoints: { ...expected, orderValueToRewardPointsFactor: 1 },
    });
  });

  it("changes members of other mixins by their own names only", async () => {
    const { shop, mixin, create, read } = await openShop();
    await create({ other: { rewardpoints: { enabled: true } } });
    await shop.manage("PATCH", mixin("other"), { rewardpoints: { enable: false } });
    expect(await read("other")).toEqual({ rewardpoints: { enabled: true, enable: false } });
  });

  it("must leave the mixin valid as a whole", async () => {
    const { shop, mixin, create, read } = await openShop();
    await create({ couponSettings: { rewardpoints: settings } });
    const patch = { rewardpoints: { codePrefix: null, couponPrefix: "not a prefix" } };
    expect(await shop.manage("PATCH", mixin("couponSettings"), patch)).toMatchObject({
      status: 400,
      body: { details: [{ field: "couponSettings.rewardpoints.couponPrefix", type: "invalid_value" }] },
    });
    expect(await read("couponSettings")).toEqual({ rewardpoints: settings });
  });

  it("cannot make a mixin grow without bound", async () => {
    const { shop, mixin, create } = await openShop();
    await create({ test: {} });
    const patch = (name: string) => shop.manage("PATCH", mixin("test"), { [name]: "x".repeat(60_000) });
    expect([await patch("a"), await patch("b"), await patch("c")]).toMatchObject([
      { status: 200 },
      { status: 200 },
      { status: 400, body: { details: [{ field: "test", type: "too_big" }] } },
    ]);
  });
});

describe("a mixin that cannot be stored", () => {
  it.each([
    ["nothing", "{}", undefined],
    ["a mixin beside what is none", '{"a":{},"b":[]}', "b"],
    ["a list", "[]", undefined],
    ["null", "null", undefined],
    ["text", '"a"', undefined],
    ["a mixin that is no object", '{"a":[]}', "a"],
    ["a name with a slash", '{"a/b":{}}', undefined],
    ["a name that is too long", `{"${"a".repeat(65)}":{}}`, undefined],
    ["no name", '{"":{}}', undefined],
    ["the name __proto__", '{"__proto__":{}}', undefined],
    ["the name constructor", '{"constructor":{}}', undefined],
    ["a name that no path can have", '{"..":{}}', undefined],
    ["a number that cannot be kept", '{"a":{"n":1e999}}', "a.n"],
    ["half a character", '{"a":{"t":["\\ud83d"]}}', "a.t.0"],
    ["too much nesting", `{"a":${'{"b":'.repeat(10_000)}1${"}".repeat(10_001)}`, "a"],
    [
      "settings that are not valid",
      '{"couponSettings":{"rewardpoints":{"validityInMonths":0}}}',
      "couponSettings.rewardpoints.validityInMonths",
    ],
    ["settings that are no object", '{"couponSettings":{"rewardpoints":null}}', "couponSettings.rewardpoints"],
  ])("is refused when it is created: %s", async (_, body, field) => {
    const { shop, mixins, send } = await openShop();
    const answer = await send("POST", mixins, body);
    expect(answer).toMatchObject({
      status: 400,
      body: { type: "validation_violation", status: 400, details: [{ type: expect.any(String), moreInfo: "" }] },
    });
    const { details } = answer.body as { details: readonly { field?: string }[] };
    expect(details[0]?.field).toBe(field);
    expect((await shop.manage("GET", mixins)).body).toEqual({});
  });

  it.each([
    ["a list", "PUT", "[]", undefined],
    ["a number", "PATCH", "1", undefined],
    ["settings that are not valid", "PUT", '{"rewardpoints":{"enabled":"yes"}}', "couponSettings.rewardpoints.enabled"],
    [
      "settings that are not valid, under the mixin's name",
      "PUT",
      '{"couponSettings":{"rewardpoints":{"enable":"yes"}}}',
      "couponSettings.rewardpoints.enable",
    ],
    [
      "a negative factor",
      "PATCH",
      '{"rewardpoints":{"orderValueToRewardPointsFactor":-1}}',
      "couponSettings.rewardpoints.orderValueToRewardPointsFactor",
    ],
    ["half a character", "PATCH", '{"t":"\\ud83d"}', "couponSettings.t"],
    ["too much nesting", "PATCH", `${'{"b":'.repeat(10_000)}1${"}".repeat(10_000)}`, "couponSettings"],
  ])("is refused when it is changed: %s (%s)", async (_, method, body, field) => {
    const { mixin, create, read, send } = await openShop();
    await create({ couponSettings: { rewardpoints: settings } });
    const answer = await send(method, mixin("couponSettings"), body);
    expect(answer).toMatchObject({ status: 400, body: { type: "validation_violation" } });
    const { details } = answer.body as { details: readonly { field?: string }[] };
    expect(details[0]?.field).toBe(field);
    expect(await read("couponSettings")).toEqual({ rewardpoints: settings });
  });

  const earning = { orderValueToRewardPointsFactor: 1 };

  it.each<[string, object, string, string, RegExp]>([
    [
      "enabled without a factor",
      { enabled: true },
      "orderValueToRewardPointsFactor",
      "missing_member",
      /must be given/,
    ],
    ["enable without a factor", { enable: true }, "orderValueToRewardPointsFactor", "missing_member", /must be given/],
    ["two names that differ", { enabled: false, enable: true }, "enable", "conflicting_members", /differ from enabled/],
    [
      "two prefixes that differ",
      { codePrefix: "A", couponPrefix: "B" },
      "couponPrefix",
      "conflicting_members",
      /differ from codePrefix/,
    ],
    [
      "a misspelt validity",
      { validityInMonth: 2 },
      "validityInMonth",
      "unknown_member",
      /did you mean validityInMonths\?/,
    ],
    [
      "a misspelt factor",
      { orderValueToRewardPointFactor: 1 },
      "orderValueToRewardPointFactor",
      "unknown_member",
      /orderValueToRewardPointsFactor\?/,
    ],
    ["other capitals", { Enabled: true, ...earning }, "Enabled", "unknown_member", /did you mean enabled\?/],
    ["swapped letters", { reutrnPolicy: "clamp" }, "reutrnPolicy", "unknown_member", /did you mean returnPolicy\?/],
    ["something else", { colour: "red" }, "colour", "unknown_member", /known are enabled, enable, codePrefix/],
    ["the name __proto__", JSON.parse('{"__proto__":{"enabled":true}}'), "__proto__", "unknown_member", /known are/],
  ])("is refused with a word about what is meant: %s", async (_, rewardpoints, member, type, message) => {
    const { mixin, create, read, send } = await openShop();
    const expected = {
      status: 400,
      body: {
        details: [{ field: `couponSettings.rewardpoints.${member}`, type, message: expect.stringMatching(message) }],
      },
    };
    expect(await create({ couponSettings: { rewardpoints } })).toMatchObject(expected);
    await create({ couponSettings: {} });
    for (const method of ["PUT", "PATCH"]) {
      const answer = await send(method, mixin("couponSettings"), JSON.stringify({ rewardpoints }));
      expect(answer).toMatchObject(expected);
    }
    expect(await read("couponSettings")).toEqual({});
  });

  it.each<[object, string]>([
    [{ couponSettings: { rewardPoints: { enabled: true, ...earning } } }, "couponSettings.rewardPoints"],
    [{ couponSettings: { rewardpoint: {} } }, "couponSettings.rewardpoint"],
    [{ couponsettings: { rewardpoints: {} } }, "couponsettings"],
    [{ coupon_settings: {} }, "coupon_settings"],
    [{ rewardpoints: { enabled: true } }, "rewardpoints"],
  ])("is refused under a name that is only nearly the right one: %j", async (given, field) => {
    const { create } = await openShop();
    const details = [{ field, type: "unknown_member", message: expect.stringMatching(/rewardpoints/) }];
    expect(await create(given)).toMatchObject({ status: 400, body: { details } });
  });

  it("is refused with a few words, however much is wrong with it", async () => {
    const { create } = await openShop();
    const rewardpoints = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`x${n}`, 0]));
    const { status, body } = await create({ couponSettings: { rewardpoints } });
    expect(status).toBe(400);
    expect((body as { details: unknown[] }).details).toHaveLength(10);
  });

  it("is refused when it is the site's hundred-and-first", async () => {
    const { shop, create } = await openShop();
    for (let n = 1; n <= 100; n += 1) await create({ [`m${n}`]: {} });
    const refused = await create({ m101: {} });
    expect(refused).toMatchObject({ status: 400, body: { message: expect.stringContaining("100 mixins") } });
    expect((await create({ m1: {} })).status).toBe(409);
    expect((await shop.manage("POST", `/site/${shop.tenant}/sites/other/mixins`, { m101: {} })).status).toBe(201);
  });

  it.each([
    ["/site/{tenant}/sites/a%20b/mixins", "siteCode"],
    ["/site/{tenant}/sites/main/mixins/__proto__", "mixinName"],
    ["/site/{tenant}/sites/main/mixins/a%2Fb", "mixinName"],
    ["/site/{tenant}/sites/main/mixins/%00", "mixinName"],
  ])("cannot be asked for either: %s", async (path, field) => {
    const { shop } = await openShop();
    expect(await shop.manage("GET", path.replace("{tenant}", shop.tenant))).toMatchObject({
      status: 400,
      body: { details: [{ field }] },
    });
  });
});

describe("a mixin that is there, or is not", () => {
  it("cannot be created again", async () => {
    const { create, read } = await openShop();
    await create({ test: { n: 1 } });
    expect(await create({ test: { n: 2 } })).toMatchObject({
      status: 409,
      body: { type: "conflict_resource", status: 409, message: "Mixin test already exists for site main" },
    });
    expect(await read("test")).toEqual({ n: 1 });
  });

  it.each(["GET", "PUT", "PATCH", "DELETE"])("is not found by %s", async (method) => {
    const { shop, mixin, create } = await openShop();
    await create({ test: {} });
    const json = method === "PUT" || method === "PATCH" ? {} : undefined;
    expect(await shop.manage(method, mixin("Test"), json)).toMatchObject({
      status: 404,
      body: { type: "resource_not_found", status: 404, message: "Mixin with name 'Test' could not be found" },
    });
  });
});

describe("an idempotency key", () => {
  it("gets the first answer again, also when the mixin has changed since", async () => {
    const { shop, mixin, create, read } = await openShop();
    const headers = { "Idempotency-Key": "create-1" };
    const first = await create({ test: { a: 1, b: 2 } }, headers);
    await shop.manage("PUT", mixin("test"), { changed: true });
    const again = await create({ test: { b: 2, a: 1 } }, headers);

    expect(first).toMatchObject({ status: 201, body: { id: "test" } });
    expect(first.headers.get("Idempotency-Replayed")).toBeNull();
    expect(again).toMatchObject({ status: 201, body: { id: "test" } });
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect(await read("test")).toEqual({ changed: true });
  });

  it("creates once when the same request is sent several times at once", async () => {
    const { create } = await openShop();
    const answers = await Promise.all([1, 2, 3].map(() => create({ test: {} }, { "Idempotency-Key": "k" })));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
  });

  it("is refused for another mixin, another content and another site", async () => {
    const { shop, create } = await openShop();
    const headers = { "Idempotency-Key": "k" };
    await create({ test: { a: 1 } }, headers);
    const elsewhere = `/site/${shop.tenant}/sites/other/mixins`;
    const answers = [
      await create({ other: { a: 1 } }, headers),
      await create({ test: { a: 2 } }, headers),
      await shop.manage("POST", elsewhere, { test: { a: 1 } }, headers),
    ];
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422]);
    expect((await shop.manage("GET", elsewhere)).body).toEqual({});
  });
});

describe("who manages a site", () => {
  it("has the scope, and a token of the same tenant", async () => {
    const { shop, mixins } = await openShop();
    const withToken = async (token: string | undefined) => {
      const { status, body } = await call("GET", mixins, { token });
      return { status, type: (body as { type?: string }).type };
    };
    const refused = { status: 403, type: "Forbidden" };
    expect(await withToken(await employeeToken(shop.tenant, "site.site_manage"))).toMatchObject({ status: 200 });
    expect(await withToken(undefined)).toMatchObject({ status: 401 });
    expect(await withToken(await employeeToken("elsewhere", "site.site_manage"))).toEqual(refused);
    expect(await withToken(await employeeToken(shop.tenant, "rewardspoints.rewardpoints_manage"))).toEqual(refused);
    expect(await withToken(await customerToken(shop.tenant, "C1"))).toEqual(refused);
  });
});

describe("a change to the settings", () => {
  it("shows at once in what customers can do", async () => {
    const { shop, mixin, create } = await openShop();
    const id = await shop.addOption(10);
    await shop.addPoints("C1", 100);
    const token = await shop.customerToken("C1");
    const redeem = async () => {
      const { status, body } = await call("POST", "/reward-points/public/customer/redeem", { token, json: { id } });
      return status === 200 ? (body as { code: string }).code.split("-")[0] : status;
    };

    expect(await redeem()).toBe(400);
    await create({ couponSettings: { rewardpoints: { ...settings, codePrefix: "ONE" } } });
    expect(await redeem()).toBe("ONE");
    await shop.manage("PATCH", mixin("couponSettings"), { rewardpoints: { codePrefix: "TWO" } });
    expect(await redeem()).toBe("TWO");
    const tutorial = { enable: true, couponPrefix: "SIX", orderValueToRewardPointsFactor: 1 };
    await shop.manage("PUT", mixin("couponSettings"), { rewardpoints: tutorial });
    expect(await redeem()).toBe("SIX");
    await shop.manage("PATCH", mixin("couponSettings"), { rewardpoints: { enable: false } });
    expect(await redeem()).toBe(400);
    await shop.manage("PATCH", mixin("couponSettings"), { rewardpoints: { enabled: true, codePrefix: "NEW" } });
    expect(await redeem()).toBe("NEW");
    await shop.manage("DELETE", mixin("couponSettings"));
    expect(await redeem()).toBe(400);
    expect(await shop.balance("C1")).toBe(60);
  });
});

describe("the document", () => {
  it("shows the six operations with the contract's ids and both ways to send a patch", async () => {
    const { paths } = (await call("GET", "/openapi.json")).body as {
      paths: Record<string, Record<string, { operationId: string; requestBody?: { content: object } }>>;
    };
    const list = paths["/site/{tenant}/sites/{siteCode}/mixins"] ?? {};
    const one = paths["/site/{tenant}/sites/{siteCode}/mixins/{mixinName}"] ?? {};
    expect([...Object.values(list), ...Object.values(one)].map(({ operationId }) => operationId).sort()).toEqual([
      "DELETE-site-settings-remove-site-mixin",
      "GET-site-settings-list-site-mixins",
      "GET-site-settings-retrieve-site-mixin",
      "PATCH-site-settings-update-site-mixin",
      "POST-site-settings-create-site-mixin",
      "PUT-site-settings-update-site-mixin",
    ]);
    expect(Object.keys(one["patch"]?.requestBody?.content ?? {})).toEqual([
      "application/json",
      "application/merge-patch+json",
    ]);
  });
});

import { env } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { everythingStored } from "../support/everything-stored.ts";
import { completedOrder } from "../support/orders/order-events.ts";
import { signatureOf, sortedJson } from "../support/orders/signed-events.ts";
import { type Answer, call } from "../support/shop.ts";
import { customerToken, employeeToken, everyScope, view } from "../support/tokens.ts";
import { report } from "../support/verification.ts";

// Many requests a test: on a busy machine they take longer than tests usually may.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

// Tenant `signed` has two secrets, as during a rotation; `vector` has another one, and `unsigned` none.
const tenant = "signed";
const [newSecret, oldSecret, theirSecret] = ["new-secret", "old-secret", "password123"];
const path = `/reward-points/${tenant}/events`;
const header = "emporix-event-signature";

let token: string;
let orders = 0;
let vectors = 0;

/** An event of an order of its own; an order that is not completed earns nothing. */
function newEvent(more: object = { status: "CREATED" }): { readonly orderId: string; readonly event: object } {
  orders += 1;
  const orderId = `EON${orders}`;
  const order = completedOrder(orderId, {
    customer: { id: `C-${orderId}` },
    note: 'Größe "XL" / 😀',
    amount: 2.5,
    ...more,
  });
  return { orderId, event: { type: "order.updated", payload: order } };
}

interface Sent {
  readonly to?: string;
  readonly body: BodyInit;
  /** Every pair is a header of its own, also of one name. */
  readonly headers: readonly (readonly [string, string])[];
  readonly contentType?: string;
}

async function send({ to = path, body, headers, contentType = "application/json" }: Sent): Promise<Answer> {
  vectors += 1;
  const pairs = new Headers({ "Content-Type": contentType });
  for (const [name, value] of headers) pairs.append(name, value);
  return call("POST", to, { body, headers: Object.fromEntries(pairs) });
}

const refused = {
  status: 401,
  body: {
    fault: { faultstring: expect.any(String), detail: { errorcode: "webhook.InvalidSignature" } },
    code: "invalid_signature",
  },
};
const refusedToken = { status: 401, body: { fault: { detail: { errorcode: "oauth.v2.InvalidAccessToken" } } } };

beforeAll(async () => {
  token = await employeeToken(tenant, everyScope);
  const rewardpoints = { enabled: true, orderValueToRewardPointsFactor: 1 };
  await call("POST", `/site/${tenant}/sites/main/mixins`, { token, json: { couponSettings: { rewardpoints } } });
});

const eventsOf = async (orderId: string): Promise<readonly { readonly verdict: string }[]> =>
  (await call("GET", `${path}?orderId=${orderId}`, { token })).body as readonly { readonly verdict: string }[];

/** Waits until an event that is taken in now has its verdict: what was taken in before has one, too. */
async function untilProcessed(): Promise<void> {
  const { orderId, event } = newEvent();
  await call("POST", path, { token, json: event });
  await expect.poll(async () => (await eventsOf(orderId)).length, { timeout: 15_000, interval: 100 }).toBe(1);
}

/** How a good signature over `body` is spoilt. */
type Spoilt = (signature: string, body: string) => Promise<string> | string;

const spoilt: Readonly<Record<string, Spoilt>> = {
  "made with another secret": (_, body) => signatureOf("another-secret", body),
  "made with another tenant's secret": (_, body) => signatureOf(theirSecret, body),
  "made with a secret that differs in case": (_, body) => signatureOf(newSecret.toUpperCase(), body),
  "made with a secret and a line break": (_, body) => signatureOf(`${newSecret}\n`, body),
  "made with the beginning of a secret": (_, body) => signatureOf(newSecret.slice(0, -1), body),
  "made with both secrets in one": (_, body) => signatureOf(`${newSecret}${oldSecret}`, body),
  "made with a secret of zeros": (_, body) => signatureOf("\0".repeat(32), body),
  "made with the tenant's name": (_, body) => signatureOf(tenant, body),
  "made over the body and a line break": (_, body) => signatureOf(newSecret, `${body}\n`),
  "made over nothing": () => signatureOf(newSecret, ""),
  "made over the digest": async (_, body) => signatureOf(newSecret, await sha256Of(body)),
  "the digest without a secret": (_, body) => sha256Of(body),
  "made of SHA-1": (_, body) => hmacOf("SHA-1", newSecret, body),
  "made of SHA-512": (_, body) => hmacOf("SHA-512", newSecret, body),
  "of a signature": (signature) => signatureOf(newSecret, signature),
  empty: () => "",
  "not base64": () => "!!!! this is not base64, but is as long as one =",
  "as base64url": (signature) => signature.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
  "as hexadecimal": (signature) => hexOf(signature),
  "as hexadecimal in upper case": (signature) => hexOf(signature).toUpperCase(),
  "under the name of its algorithm": (signature) => `sha256=${signature}`,
  "with a version before it": (signature) => `v1,${signature}`,
  "in quotes": (signature) => `"${signature}"`,
  "without its padding": (signature) => signature.replaceAll("=", ""),
  "with more padding": (signature) => `${signature}=`,
  "with a space in it": (signature) => `${signature.slice(0, 20)} ${signature.slice(20)}`,
  "encoded as in addresses": (signature) => encodeURIComponent(signature),
  "encoded twice": (signature) => btoa(signature),
  "cut off by a byte": (signature) => btoa(atob(signature).slice(0, -1)),
  "cut off in its middle": (signature) => signature.slice(0, 22),
  "its first byte": (signature) => btoa(atob(signature).slice(0, 1)),
  "longer by a byte": (signature) => btoa(`${atob(signature)}\0`),
  "twice as long": (signature) => btoa(atob(signature) + atob(signature)),
  "with its first bit turned": (signature) => btoa(turned(atob(signature), 0)),
  "with its last bit turned": (signature) => btoa(turned(atob(signature), 31)),
  "with another character for the same bytes": (signature) => withSpareBits(signature),
  "in upper case": (signature) => signature.toUpperCase(),
  "in lower case": (signature) => signature.toLowerCase(),
  "from its end to its beginning": (signature) => [...signature].reverse().join(""),
  "of zeros": () => btoa("\0".repeat(32)),
  true: () => "true",
  null: () => "null",
};

async function sha256Of(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

async function hmacOf(hash: string, secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  return btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)))));
}

const hexOf = (signature: string): string =>
  [...atob(signature)].map((character) => character.charCodeAt(0).toString(16).padStart(2, "0")).join("");

const turned = (bytes: string, index: number): string =>
  [...bytes].map((byte, at) => (at === index ? String.fromCharCode(byte.charCodeAt(0) ^ 1) : byte)).join("");

/** 43 characters of base64 hold two bits more than 32 bytes: here they are not zero. */
function withSpareBits(signature: string): string {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return `${signature.slice(0, 42)}${digits.charAt(digits.indexOf(signature.charAt(42)) + 1)}=`;
}

describe("an event is refused whose signature is", () => {
  const orderIds: string[] = [];

  test.each(Object.entries(spoilt))("%s", async (_name, spoil) => {
    const { orderId, event } = newEvent({});
    orderIds.push(orderId);
    const body = sortedJson(event);
    const good = await signatureOf(newSecret, body);
    const bad = await spoil(good, body);
    expect(bad).not.toBe(good);
    expect(await send({ body, headers: [[header, bad]] })).toMatchObject(refused);
  });

  test("so that nothing of it gets as far as the queue", async () => {
    await untilProcessed();
    for (const orderId of orderIds) {
      expect(await eventsOf(orderId)).toEqual([]);
      expect((await call("GET", `/reward-points/customer/C-${orderId}`, { token })).body).toBe(0);
    }
  });
});

describe("an event is refused whose body was", () => {
  test.each<[string, (body: string) => BodyInit]>([
    ["given another amount", (body) => body.replace("433.72", "433.73")],
    ["given another customer", (body) => body.replace('"C-EON', '"c-EON')],
    ["given another order", (body) => body.replace('"id":"EON', '"id":"FON')],
    ["given another type", (body) => body.replace("order.updated", "order.deleted")],
    ["given a member more", (body) => body.replace("{", '{"a":0,')],
    ["given a member less", (body) => body.replace('"amount":2.5,', "")],
    ["given a member twice, of which the last counts", (body) => body.replace(/\}$/, ',"type":"order.deleted"}')],
    ["given another member of all objects", (body) => body.replace("{", '{"__proto__":{},')],
    ["given text for a number", (body) => body.replace("2.5", '"2.5"')],
    ["given another spelling of a character", (body) => body.replace("ö", "o\u0308")],
    ["cut off", (body) => body.slice(0, -1)],
    ["followed by another one", (body) => `${body}{}`],
    ["put in a list", (body) => `[${body}]`],
    ["made text", (body) => JSON.stringify(body)],
    ["emptied", () => "{}"],
  ])("%s after it was signed", async (_name, tamper) => {
    const body = sortedJson(newEvent().event);
    const headers = [[header, await signatureOf(newSecret, body)]] as const;
    const tampered = tamper(body);
    expect(tampered).not.toBe(body);
    expect(await send({ body: tampered, headers })).toMatchObject(refused);
    expect((await send({ body, headers })).status).toBe(202);
  });
});

describe("an event is taken in whose signature is", () => {
  test.each<[string, string, (event: object) => string, (body: string) => BodyInit]>([
    ["of the new secret", newSecret, sortedJson, (body) => body],
    ["of the old secret", oldSecret, sortedJson, (body) => body],
    ["over the bytes, in whatever order", newSecret, (event) => JSON.stringify(event), (body) => body],
    ["over the bytes, with white space", oldSecret, (event) => JSON.stringify(event, null, 4), (body) => body],
    ["over sorted JSON, and sent in another order", newSecret, sortedJson, (body) => unsorted(body)],
    ["over sorted JSON, and sent with white space", newSecret, sortedJson, (body) => indented(body)],
    ["over sorted JSON, and sent with escapes", newSecret, sortedJson, (body) => escaped(body)],
    ["over sorted JSON, and sent with other spellings of numbers", newSecret, sortedJson, (body) => respelled(body)],
    ["over sorted JSON, and sent in chunks", newSecret, sortedJson, (body) => new Blob([body]).stream()],
    ["over sorted JSON, and sent after a byte order mark", newSecret, sortedJson, (body) => `\ufeff${body}`],
  ])("%s", async (_name, secret, signed, sent) => {
    const text = signed(newEvent().event);
    const answer = await send({ body: sent(text), headers: [[header, await signatureOf(secret, text)]] });
    expect(answer).toMatchObject({ status: 202, body: { id: expect.any(String) } });
  });

  const unsorted = (body: string): string =>
    JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(body) as object).reverse()));
  const indented = (body: string): string => JSON.stringify(JSON.parse(body), null, "\t");
  const escaped = (body: string): string =>
    body.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const respelled = (body: string): string => body.replace("2.5", "25e-1").replace("300", "300.0");
});

describe("a header", () => {
  test("that comes twice is refused, even when one or both are right", async () => {
    const body = sortedJson(newEvent().event);
    const [good, bad] = [await signatureOf(newSecret, body), await signatureOf("another", body)];
    for (const pair of [
      [good, bad],
      [bad, good],
      [good, good],
      [good, await signatureOf(oldSecret, body)],
    ]) {
      expect(await send({ body, headers: pair.map((value) => [header, value] as const) })).toMatchObject(refused);
    }
  });

  test("may be written in any case, and have white space around its value", async () => {
    const body = sortedJson(newEvent().event);
    const good = await signatureOf(newSecret, body);
    expect((await send({ body, headers: [[header.toUpperCase(), good]] })).status).toBe(202);
    // White space around a header's value does not belong to it (RFC 9110, section 5.5).
    expect((await send({ body, headers: [[header, `  ${good} \t`]] })).status).toBe(202);
  });

  test("of another name is none", async () => {
    const body = sortedJson(newEvent().event);
    const good = await signatureOf(newSecret, body);
    for (const name of [
      "x-emporix-event-signature",
      "emporix-event-signature-256",
      "emporix_event_signature",
      "svix-signature",
    ]) {
      expect(await send({ body, headers: [[name, good]] })).toMatchObject(refusedToken);
    }
    expect(await send({ body, headers: [] })).toMatchObject(refusedToken);
    expect(await send({ to: `${path}?${header}=${encodeURIComponent(good)}`, body, headers: [] })).toMatchObject(
      refusedToken,
    );
    expect(await send({ body, headers: [["Authorization", `Bearer ${good}`]] })).toMatchObject(refusedToken);
  });
});

describe("a signature", () => {
  test("of one tenant is none of another's", async () => {
    const body = sortedJson(newEvent().event);
    for (const secret of [newSecret, oldSecret]) {
      const headers = [[header, await signatureOf(secret, body)]] as const;
      for (const other of ["vector", "unsigned", "constructor", "__proto__", "SIGNED", "signed%20", "%73igned%00"]) {
        expect(await send({ to: `/reward-points/${other}/events`, body, headers }), other).toMatchObject(refused);
      }
    }
    const theirs = [[header, await signatureOf(theirSecret, body)]] as const;
    expect((await send({ to: "/reward-points/vector/events", body, headers: theirs })).status).toBe(202);
  });

  test("opens no other operation", async () => {
    const before = await everythingStored(tenant);
    const json = { points: 1_000 };
    const good = await signatureOf(newSecret, sortedJson(json));
    for (const [method, to] of [
      ["POST", "/reward-points/customer/C1/addPoints"],
      ["POST", `/reward-points/${tenant}/redeemOptions`],
      ["GET", path],
      ["POST", `${path}/x/replay`],
      ["DELETE", "/reward-points/customer/C1"],
    ] as const) {
      vectors += 1;
      const body = method === "POST" ? { json } : {};
      expect(await call(method, to, { headers: { [header]: good }, ...body })).toMatchObject(refusedToken);
    }
    expect(await everythingStored(tenant)).toEqual(before);
  });

  test("does not make up for a wrong token, nor a token for a wrong signature", async () => {
    const body = sortedJson(newEvent().event);
    const good = await signatureOf(newSecret, body);
    const bad = await signatureOf("another", body);
    const withBoth = (signature: string, bearer: string) =>
      send({
        body,
        headers: [
          [header, signature],
          ["Authorization", `Bearer ${bearer}`],
        ],
      });
    expect((await withBoth(good, token)).status).toBe(202);
    expect(await withBoth(bad, token)).toMatchObject(refused);
    expect(await withBoth("", token)).toMatchObject(refused);
    expect(await withBoth(good, "garbage")).toMatchObject(refusedToken);
    expect((await withBoth(good, await employeeToken(tenant, view))).status).toBe(403);
    expect((await withBoth(good, await customerToken(tenant, "C1"))).status).toBe(403);
    expect((await withBoth(good, await employeeToken("vector", everyScope))).status).toBe(403);
  });
});

describe("a body", () => {
  test("that is not UTF-8 is refused, whatever it is signed over", async () => {
    const encoder = new TextEncoder();
    const bytes = (...parts: readonly (string | number)[]) =>
      new Uint8Array(parts.flatMap((part) => (typeof part === "number" ? [part] : [...encoder.encode(part)])));
    // Read leniently, both of these would be the body that was signed.
    const signed = [[header, await signatureOf(newSecret, '{"payload":{},"type":"\ufffd"}')]] as const;
    for (const byte of [0xff, 0xe9]) {
      const body = bytes('{"payload":{},"type":"', byte, '"}');
      expect((await send({ body, headers: signed })).status).toBe(400);
    }
    expect((await send({ body: '{"payload":{},"type":"\ufffd"}', headers: signed })).status).toBe(202);
  });

  test.each([
    "application/json; charset=iso-8859-1",
    "application/json; charset=utf-16",
    "text/plain",
    "application/x-www-form-urlencoded",
  ])("that is called %s is refused", async (contentType) => {
    const body = sortedJson(newEvent().event);
    const headers = [[header, await signatureOf(newSecret, body)]] as const;
    expect((await send({ body, headers, contentType })).status).toBe(415);
  });

  test("in UTF-16 is refused, signed or not", async () => {
    const text = sortedJson(newEvent().event);
    const body = new Uint8Array(
      [...text].flatMap((character) => [character.charCodeAt(0) & 255, character.charCodeAt(0) >> 8]),
    );
    const headers = [[header, await signatureOf(newSecret, text)]] as const;
    expect((await send({ body, headers })).status).toBe(400);
  });

  test("that is too large, or is no object, is refused with the right signature, too", async () => {
    const sign = async (body: string) => [[header, await signatureOf(newSecret, body)]] as const;
    const large = JSON.stringify({ type: "x", payload: { text: "x".repeat(1_048_576) } });
    expect((await send({ body: large, headers: await sign(large) })).status).toBe(413);
    for (const body of ["", "null", "[]", "1", '"x"', "{", `${"[".repeat(20_000)}${"]".repeat(20_000)}`]) {
      expect((await send({ body, headers: await sign(body) })).status, body.slice(0, 10)).toBe(400);
    }
  });
});

describe("an event that is sent again", () => {
  test("has no second effect, with the same signature or another", async () => {
    const { orderId, event } = newEvent({});
    const body = sortedJson(event);
    const balance = async () => (await call("GET", `/reward-points/customer/C-${orderId}`, { token })).body;
    const first = await send({ body, headers: [[header, await signatureOf(newSecret, body)]] });
    expect(first.status).toBe(202);
    await expect.poll(balance, { timeout: 15_000, interval: 100 }).toBe(433);

    const pretty = JSON.stringify(event, null, 2);
    for (const again of [
      { body, headers: [[header, await signatureOf(newSecret, body)]] as const },
      { body, headers: [[header, await signatureOf(oldSecret, body)]] as const },
      { body: pretty, headers: [[header, await signatureOf(newSecret, pretty)]] as const },
    ]) {
      expect((await send(again)).status).toBe(202);
    }

    await expect.poll(async () => (await eventsOf(orderId)).length, { timeout: 15_000, interval: 100 }).toBe(4);
    expect((await eventsOf(orderId)).map(({ verdict }) => verdict).sort()).toEqual([
      "duplicate",
      "duplicate",
      "duplicate",
      "granted",
    ]);
    expect(await balance()).toBe(433);
    const grants = await env.DB.prepare("select count(*) as count from lots where tenant = ? and customer_id = ?")
      .bind(tenant, `C-${orderId}`)
      .first<number>("count");
    expect(grants).toBe(1);
  });
});

afterAll(() => {
  report(
    "signatures",
    vectors,
    "events sent with right, wrong and spoilt signatures, each with the answer that it must have",
  );
});

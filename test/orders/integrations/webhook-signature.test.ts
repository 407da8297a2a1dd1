import { describe, expect, it } from "vitest";
import { HmacWebhookSignatures } from "../../../src/orders/integrations/webhook-signature.ts";
import type { TenantId } from "../../../src/platform/values/identifiers.ts";

const signatures = new HmacWebhookSignatures(
  new Map([
    ["vector", ["password123"]],
    ["rotating", ["new-secret", "old-secret"]],
    ["unicode", ["pässwörd 😀"]],
    ["none", []],
  ]),
);
const verify = (tenant: string, body: string, signature: string) =>
  signatures.verify(tenant as TenantId, body, signature);

const text = '{"a":{"c":[3,1],"d":2.5},"b":1,"z":null}';
const published = "jb8JZDNC83svU5syKju4xb4uONdKJJxGoGt8INAFGwU=";

async function sign(secret: string, signed: string): Promise<string> {
  const encoder = new TextEncoder();
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), hmac, false, ["sign"]);
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(signed)));
  return btoa(String.fromCharCode(...bytes));
}

describe("the published signature is right for", () => {
  it.each([
    ["the signed text itself", text],
    ["members in another order", '{"z":null,"b":1,"a":{"d":2.5,"c":[3,1]}}'],
    ["white space", '{ "a" : { "c" : [ 3 , 1 ], "d" : 2.5 },\n\t"b": 1,\r\n "z": null }\n'],
    ["an integer with a fraction", '{"a":{"c":[3.0,1.00],"d":2.50},"b":1.0,"z":null}'],
    ["numbers with an exponent", '{"a":{"c":[3e0,10e-1],"d":25e-1},"b":1E0,"z":null}'],
    ["escaped characters", '{"\\u0061":{"c":[3,1],"d":2.5},"b":1,"z":null}'],
  ])("%s", async (_, body) => {
    expect(await verify("vector", body, published)).toBe(true);
  });
});

describe("the published signature is wrong for", () => {
  it.each([
    ["another value", text.replace("2.5", "2.6")],
    ["a list in another order", text.replace("[3,1]", "[1,3]")],
    ["a member more", text.replace("{", '{"x":0,')],
    ["a member less", text.replace(',"z":null', "")],
    ["text in the place of a number", text.replace('"b":1', '"b":"1"')],
    ["another case", text.replace('"b"', '"B"')],
    ["an empty body", ""],
    ["something that is no JSON", "{"],
    ["the same text in another string", JSON.stringify(text)],
  ])("%s", async (_, body) => {
    expect(await verify("vector", body, published)).toBe(false);
  });
});

describe("a signature is refused that", () => {
  it.each([
    ["is empty", ""],
    ["is no base64", "not base64 at all, but as long as one is.../="],
    ["lacks its padding", published.slice(0, -1)],
    ["has white space around it", ` ${published}`],
    ["has a line break at the end", `${published}\n`],
    ["is cut off", published.slice(0, 40)],
    ["is longer", `${published.slice(0, -1)}AAAA=`],
    ["differs in one character", published.replace("j", "k")],
    ["differs in case", published.toLowerCase()],
    ["says the same bytes in another way", published.replace("U=", "V=")],
    ["is base64url", published.replaceAll("+", "-").replaceAll("/", "_").replace("=", "")],
    ["is hexadecimal", "8dbf09643342f37b2f539b322a3bb8c5be2e38d74a249c46a06b7c20d0051b05"],
    ["names its algorithm", `sha256=${published}`],
  ])("%s", async (_, signature) => {
    expect(await verify("vector", text, signature)).toBe(false);
  });

  it("was made with another secret", async () => {
    expect(await verify("vector", text, await sign("password124", text))).toBe(false);
  });

  it("was made with another tenant's secret", async () => {
    expect(await verify("rotating", text, published)).toBe(false);
  });

  it("comes for a tenant that has no secrets, or is not known", async () => {
    for (const tenant of ["none", "unknown", "__proto__", "constructor"]) {
      expect(await verify(tenant, text, published)).toBe(false);
      expect(await verify(tenant, text, await sign("", text).catch(() => ""))).toBe(false);
    }
  });
});

describe("a signature counts that", () => {
  it("was made with either secret of a rotation", async () => {
    expect(await verify("rotating", text, await sign("new-secret", text))).toBe(true);
    expect(await verify("rotating", text, await sign("old-secret", text))).toBe(true);
    expect(await verify("rotating", text, await sign("older-secret", text))).toBe(false);
  });

  it("was made over the body as it was sent", async () => {
    const body = '{ "b": 1.0, "a": [ ] }';
    expect(await verify("vector", body, await sign("password123", body))).toBe(true);
    expect(await verify("vector", '{ "b": 1.00, "a": [ ] }', await sign("password123", body))).toBe(false);
    expect(await verify("vector", '{"b":1.0,"a":[]}', await sign("password123", '{"a":[],"b":1}'))).toBe(true);
  });

  it("was made over a body that is nested too deeply to be sorted", async () => {
    const body = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;
    expect(await verify("vector", body, await sign("password123", body))).toBe(true);
    expect(await verify("vector", `${body} `, await sign("password123", `${body}  `))).toBe(false);
  });

  it("sorts by code units, at every level, and keeps text as it is", async () => {
    const body = '{"€":1,"\\r":2,"😀":3,"1":4,"ö":{"b":[{"z":1,"a":"\\u00e9\\/"}],"a":true}}';
    const signed = '{"\\r":2,"1":4,"ö":{"a":true,"b":[{"a":"é/","z":1}]},"€":1,"😀":3}';
    expect(await verify("unicode", body, await sign("pässwörd 😀", signed))).toBe(true);
  });
});

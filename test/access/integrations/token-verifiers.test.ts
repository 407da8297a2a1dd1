import { env } from "cloudflare:workers";
import { exportJWK, type FetchImplementation, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EmbeddedTokenIssuer } from "../../../src/access/integrations/embedded-issuer.ts";
import { RememberedTokens } from "../../../src/access/integrations/remembered-tokens.ts";
import { RemoteKeySet } from "../../../src/access/integrations/remote-key-set.ts";
import { publicKeyOf, type SigningKey } from "../../../src/access/integrations/signing-key.ts";
import {
  type ExpiringTokenVerifier,
  embeddedTokenVerifier,
  remoteTokenVerifier,
  type VerifiedToken,
} from "../../../src/access/integrations/verifiers.ts";
import type { TokenFailure } from "../../../src/access/use-cases/failure.ts";
import type { Logger } from "../../../src/platform/runtime/ports.ts";
import { systemClock } from "../../../src/platform/runtime/system-clock.ts";
import type { Actor, TenantId } from "../../../src/platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../../src/platform/values/result.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";

const issuer = "https://issuer.example";
const audience = "reward-points";
const rules = { issuer, audience, customerClaim: "customer_id" };
const demo = "demo" as TenantId;

/** A whole second, so that a token's times are exact. Only the date stands still; timers run. */
const start = Date.UTC(2026, 5, 1, 12);
const second = 1_000;
const minute = 60 * second;
const day = 24 * 60 * minute;
const at = (moment: number): void => void vi.setSystemTime(moment);
beforeEach(() => at(start));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function newKey(kid: string, alg: SigningKey["alg"] = "ES256"): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), kty: alg === "RS256" ? "RSA" : alg === "ES256" ? "EC" : "OKP", alg, kid };
}

const nowSeconds = (): number => Math.floor(Date.now() / second);
const goodClaims = (): Record<string, unknown> => ({
  iss: issuer,
  aud: audience,
  sub: "backoffice",
  exp: nowSeconds() + 3_600,
  tenant: "demo",
  scope: "coupon.coupon_read",
});

/** A good token, apart from what `claims` and `header` change; undefined takes a claim or member away. */
function token(
  key: SigningKey,
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return new SignJWT({ ...goodClaims(), ...claims })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: "at+jwt", ...header })
    .sign(key as JWK);
}

const reason = (result: Result<VerifiedToken, TokenFailure>): string => {
  if (result.ok) return "accepted";
  return result.failure.code === "invalid_token" ? result.failure.reason : result.failure.code;
};

const key = await newKey("ours");
const attackersKey = await newKey("attackers");

describe("the embedded issuer and its verifier", () => {
  const verifier = embeddedTokenVerifier(publicKeyOf(key), rules, systemClock);
  const verdict = async (text: string): Promise<string> => reason(await verifier.verify(text));

  it.each(["ES256", "EdDSA", "Ed25519", "RS256"] as const)("agree on tokens signed with %s", async (alg) => {
    const ownKey = await newKey("k1", alg);
    const embedded = new EmbeddedTokenIssuer(ownKey, { issuer, audience }, systemClock);
    const accessToken = await embedded.issue({
      tenant: demo,
      clientId: "backoffice",
      subject: "backoffice",
      scopes: ["tenant=demo", "site.site_manage"],
      lifetimeSeconds: 600,
    });
    const verified = await embeddedTokenVerifier(publicKeyOf(ownKey), rules, systemClock).verify(accessToken);
    expect(verified).toEqual(
      succeed({
        principal: {
          tenant: "demo",
          customerId: null,
          scopes: new Set(["site.site_manage"]),
          actor: "client:backoffice",
        },
        expiresAt: start + 600 * second,
      }),
    );
  });

  it.each([
    ["ES256", ["alg", "crv", "kid", "kty", "use", "x", "y"]],
    ["Ed25519", ["alg", "crv", "kid", "kty", "use", "x"]],
    ["RS256", ["alg", "e", "kid", "kty", "n", "use"]],
  ] as const)("publish nothing but the public half of an %s key", async (alg, members) => {
    const embedded = new EmbeddedTokenIssuer(await newKey("k1", alg), { issuer, audience }, systemClock);
    const { keys } = await embedded.keySet();
    expect(keys.map((published) => Object.keys(published).sort())).toEqual([members]);
  });

  it("refuse to start with a shared secret for a key", () => {
    const secret = { kty: "oct", k: "c2VjcmV0", alg: "ES256", kid: "k1" } as const;
    expect(() => new EmbeddedTokenIssuer(secret, { issuer, audience }, systemClock)).toThrow("kty");
  });

  it("writes tokens of RFC 9068, each with an id of its own", async () => {
    const embedded = new EmbeddedTokenIssuer(key, { issuer, audience }, systemClock);
    const grant = { tenant: demo, clientId: "c1", subject: "c1", scopes: ["a", "b"], lifetimeSeconds: 60 };
    const [first, other] = await Promise.all([embedded.issue(grant), embedded.issue(grant)]);
    const [header, claims] = first.split(".").slice(0, 2).map(decoded);
    expect(header).toEqual({ alg: "ES256", kid: "ours", typ: "at+jwt" });
    expect(claims).toEqual({
      iss: issuer,
      aud: audience,
      sub: "c1",
      client_id: "c1",
      tenant: "demo",
      scope: "a b",
      iat: start / second,
      exp: start / second + 60,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(decoded(other.split(".")[1] ?? "")["jti"]).not.toBe(claims?.["jti"]);
  });

  it("accepts a list of audiences and of scopes", async () => {
    const result = await verifier.verify(await token(key, { aud: ["other", audience], scope: ["a", "tenant=demo"] }));
    expect(result).toMatchObject({ ok: true, value: { principal: { scopes: new Set(["a"]) } } });
  });

  it("refuses a token without a signature", async () => {
    const unsigned = new UnsecuredJWT(goodClaims()).encode();
    expect(await verdict(unsigned)).toBe("ERR_JOSE_ALG_NOT_ALLOWED");
    const [, claims] = (await token(key)).split(".");
    const none = encoded({ alg: "none", kid: "ours", typ: "at+jwt" });
    expect(await verdict(`${none}.${claims}.`)).toBe("ERR_JOSE_ALG_NOT_ALLOWED");
    expect(await verdict(`${none}.${claims}.AAAA`)).toBe("ERR_JOSE_ALG_NOT_ALLOWED");
  });

  it("refuses the public key as a shared secret", async () => {
    const spki = new TextEncoder().encode(JSON.stringify(publicKeyOf(key)));
    const x = Uint8Array.from(atob(base64(String(key["x"]))), (character) => character.charCodeAt(0));
    for (const secret of [spki, x]) {
      const forged = await new SignJWT(goodClaims())
        .setProtectedHeader({ alg: "HS256", kid: "ours", typ: "at+jwt" })
        .sign(secret);
      expect(await verdict(forged)).toBe("ERR_JOSE_ALG_NOT_ALLOWED");
    }
  });

  it("never uses a key, or the address of one, that the token itself brings", async () => {
    const fetched = vi.spyOn(globalThis, "fetch");
    const jwk = publicKeyOf(attackersKey);
    const jku = "https://attacker.example/jwks";
    expect(await verdict(await token(attackersKey, {}, { jwk }))).toBe("ERR_JWKS_NO_MATCHING_KEY");
    expect(await verdict(await token(attackersKey, {}, { jwk, kid: "ours" }))).toBe(
      "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
    );
    expect(await verdict(await token(attackersKey, {}, { jwk, kid: undefined }))).toBe(
      "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
    );
    expect(await verdict(await token(attackersKey, {}, { jku, x5u: jku }))).toBe("ERR_JWKS_NO_MATCHING_KEY");
    expect(fetched).not.toHaveBeenCalled();
  });

  it("refuses a payload that was changed after signing", async () => {
    const [header, , signature] = (await token(key)).split(".");
    const changed = encoded({ ...goodClaims(), scope: "rewardspoints.rewardpoints_manage" });
    expect(await verdict(`${header}.${changed}.${signature}`)).toBe("ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
  });

  it.each([
    ["another issuer", { iss: "https://other.example" }, "ERR_JWT_CLAIM_VALIDATION_FAILED iss check_failed"],
    ["no issuer", { iss: undefined }, "ERR_JWT_CLAIM_VALIDATION_FAILED iss missing"],
    ["another audience", { aud: "other" }, "ERR_JWT_CLAIM_VALIDATION_FAILED aud check_failed"],
    ["no audience", { aud: undefined }, "ERR_JWT_CLAIM_VALIDATION_FAILED aud missing"],
    ["no expiry", { exp: undefined }, "ERR_JWT_CLAIM_VALIDATION_FAILED exp missing"],
    ["an expiry in words", { exp: "tomorrow" }, "ERR_JWT_CLAIM_VALIDATION_FAILED exp invalid"],
    ["two tenants", { scope: "tenant=other a" }, "more than one tenant"],
  ])("refuses %s", async (_, claims, expected) => {
    expect(await verdict(await token(key, claims))).toBe(expected);
  });

  it.each([undefined, "JWT", "id+jwt"])("refuses tokens of another type: %s", async (typ) => {
    expect(await verdict(await token(key, {}, { typ }))).toBe("ERR_JWT_CLAIM_VALIDATION_FAILED typ check_failed");
  });

  it("holds a token for expired five seconds late, for the sake of differing clocks", async () => {
    const text = await token(key, { exp: start / second + 60 });
    at(start + 64 * second);
    expect(await verdict(text)).toBe("accepted");
    at(start + 65 * second);
    expect(await verdict(text)).toBe("ERR_JWT_EXPIRED exp check_failed");
  });

  it("refuses a token before its time, but for those five seconds", async () => {
    expect(await verdict(await token(key, { nbf: start / second + 5 }))).toBe("accepted");
    expect(await verdict(await token(key, { nbf: start / second + 6 }))).toBe(
      "ERR_JWT_CLAIM_VALIDATION_FAILED nbf check_failed",
    );
  });

  it.each(["", "x", "a.b", "a.b.c", "..", "ü.ü.ü", "e30.e30.e30"])("refuses what is no token: %j", async (text) => {
    expect(await verdict(text)).toMatch(/^ERR_/);
  });

  it("refuses a token of absurd length unread", async () => {
    expect(await verdict(await token(key, { scope: "x".repeat(20_000) }))).toBe("longer than any token");
  });

  it("gives reasons that quote nothing of the token", async () => {
    const secret = "do-not-log-me";
    const [, claims, signature] = (await token(key)).split(".");
    const critical = encoded({ alg: "ES256", kid: "ours", typ: "at+jwt", crit: [secret], [secret]: 1 });
    const texts = [secret, await token(key, { iss: secret }), `${critical}.${claims}.${signature}`];
    for (const text of texts) {
      expect(await verdict(text)).toMatch(/^ERR_/);
      expect(await verdict(text)).not.toContain(secret);
    }
  });
});

/** An external issuer, whose key set can be changed and whose answers can be broken. */
class StandInIssuer {
  keys: readonly SigningKey[];
  fetches = 0;
  readonly warnings: string[] = [];
  /** The reasons that stand beside the warnings. */
  readonly reasons: unknown[] = [];
  readonly deferred: Promise<unknown>[] = [];
  readonly url = `https://issuer.example/${crypto.randomUUID()}/jwks`;
  answer: FetchImplementation = async () => Response.json({ keys: this.keys.map(publicKeyOf) });
  /** What happens while somebody waits; nothing unless given, not even that time passes. */
  pause: (ms: number) => Promise<void> = async () => {};

  constructor(...keys: readonly SigningKey[]) {
    this.keys = keys;
  }

  fail(): void {
    this.answer = async () => {
      throw new TypeError("Network connection lost.");
    };
  }

  /** A verifier with an empty memory, as a new isolate has. */
  verifier(tokenType: string | null = null, cache: KVNamespace = env.SETTINGS_CACHE): ExpiringTokenVerifier {
    const warn: Logger["warn"] = (event, facts) => {
      this.warnings.push(event);
      this.reasons.push(facts?.["reason"]);
    };
    const log: Logger = { info: () => {}, warn, error: () => {} };
    const keySet = new RemoteKeySet(this.url, {
      cache,
      clock: systemClock,
      log,
      defer: (work) => void this.deferred.push(work),
      fetch: (url, options) => {
        this.fetches += 1;
        return this.answer(url, options);
      },
      pause: (ms) => this.pause(ms),
    });
    return remoteTokenVerifier(keySet, { ...rules, tokenType }, systemClock);
  }

  async settle(): Promise<void> {
    await Promise.all(this.deferred.splice(0));
  }
}

describe("an external issuer", () => {
  it("is asked once for its keys, within three seconds and without redirects", async () => {
    const external = new StandInIssuer(key);
    const verifier = external.verifier();
    const timeout = vi.spyOn(AbortSignal, "timeout");
    const respond = external.answer;
    external.answer = (url, options) => {
      expect(url).toBe(external.url);
      expect(options.redirect).toBe("manual");
      expect(options.signal).toBe(timeout.mock.results[0]?.value);
      return respond(url, options);
    };
    for (let use = 0; use < 3; use += 1) expect(reason(await verifier.verify(await token(key)))).toBe("accepted");
    expect(external.fetches).toBe(1);
    expect(timeout.mock.calls).toEqual([[3_000]]);
  });

  it("has the type of its tokens checked only when one is configured", async () => {
    const external = new StandInIssuer(key);
    const text = await token(key, {}, { typ: "JWT" });
    expect(reason(await external.verifier(null).verify(text))).toBe("accepted");
    expect(reason(await external.verifier("JWT").verify(text))).toBe("accepted");
    expect(reason(await external.verifier("at+jwt").verify(text))).toContain("typ");
  });

  it.each([
    ["an unsigned token", async () => new UnsecuredJWT(goodClaims()).encode()],
    ["another issuer", () => token(key, { iss: "https://other.example" })],
    ["another audience", () => token(key, { aud: "other" })],
    ["a forged signature", () => token(attackersKey, {}, { kid: "ours", jwk: publicKeyOf(attackersKey) })],
    ["a token without expiry", () => token(key, { exp: undefined })],
    ["an expired token", () => token(key, { exp: nowSeconds() - 10 })],
  ])("does not make good %s", async (_, forge) => {
    const result = await new StandInIssuer(key).verifier().verify(await forge());
    expect(result).toMatchObject({ ok: false, failure: { code: "invalid_token" } });
  });

  it("locks nobody out while it is down, however long, as long as the key is known", async () => {
    const external = new StandInIssuer(key);
    const verifier = external.verifier();
    await verifier.verify(await token(key));
    external.fail();
    for (const days of [1, 7, 300]) {
      at(start + days * day);
      expect(reason(await verifier.verify(await token(key)))).toBe("accepted");
      await external.settle();
    }
    expect(external.warnings).toEqual(["key_set_load_failed", "key_set_load_failed", "key_set_load_failed"]);
  });

  it("is asked in the background at most twice a minute while it is down", async () => {
    const external = new StandInIssuer(key);
    const verifier = external.verifier();
    await verifier.verify(await token(key));
    external.fail();
    for (let seconds = 0; seconds < 60; seconds += 1) {
      at(start + day + seconds * second);
      expect(reason(await verifier.verify(await token(key)))).toBe("accepted");
      await external.settle();
    }
    expect(external.fetches).toBe(1 + 2);
  });

  it("may change its keys: an unknown one is looked up", async () => {
    const next = await newKey("next");
    const external = new StandInIssuer(key);
    const verifier = external.verifier();
    await verifier.verify(await token(key));
    external.keys = [key, next];
    at(start + 30 * second);
    expect(reason(await verifier.verify(await token(next)))).toBe("accepted");
    expect(reason(await verifier.verify(await token(key)))).toBe("accepted");
    expect(external.fetches).toBe(2);
  });

  it("may sign with a new key right after it was asked: whoever brings it waits", async () => {
    const next = await newKey("next");
    const external = new StandInIssuer(key);
    const verifier = external.verifier();
    await verifier.verify(await token(key));
    external.keys = [key, next];
    at(start + 300);
    external.pause = async (ms) => {
      expect(ms).toBeGreaterThan(700);
      expect(ms).toBeLessThanOrEqual(950);
      at(start + 300 + ms);
    };
    expect(reason(await verifier.verify(await token(next)))).toBe("accepted");
    expect(external.fetches).toBe(2);
    // A new isolate learns of it although the set before it was stored a moment ago.
    await external.settle();
    external.fail();
    expect(reason(await external.verifier().verify(await token(next)))).toBe("accepted");
  });

  it("lets no more than 64 requests with unknown keys wait for it at a time", async () => {
    const external = new StandInIssuer(key);
    const verifier = external.verifier();
    await verifier.verify(await token(key));
    at(start + 300);
    const gate = Promise.withResolvers<void>();
    external.pause = () => gate.promise;
    const madeUp = Array.from({ length: 65 }, (_, use) => token(attackersKey, {}, { kid: `made-up-${use}` }));
    const texts = await Promise.all(madeUp);
    const verdicts = Promise.all(texts.map(async (text) => reason(await verifier.verify(text))));
    expect(reason(await verifier.verify(await token(key)))).toBe("accepted");
    gate.resolve();
    const counted = Map.groupBy(await verdicts, (verdict) => verdict);
    expect(counted.get("issuer_unavailable")).toHaveLength(1);
    expect(counted.get("ERR_JWKS_NO_MATCHING_KEY")).toHaveLength(64);
    expect(external.fetches).toBe(1);
  });

  it("is asked for unknown keys once a second, whatever is sent", async () => {
    const external = new StandInIssuer(key);
    const verifier = external.verifier();
    for (let use = 0; use < 50; use += 1) {
      const text = await token(attackersKey, {}, { kid: `made-up-${use}` });
      expect(reason(await verifier.verify(text))).toBe("ERR_JWKS_NO_MATCHING_KEY");
    }
    expect(external.fetches).toBe(1);
    at(start + second);
    expect(reason(await verifier.verify(await token(attackersKey)))).toBe("ERR_JWKS_NO_MATCHING_KEY");
    expect(reason(await verifier.verify(await token(attackersKey)))).toBe("ERR_JWKS_NO_MATCHING_KEY");
    expect(external.fetches).toBe(2);
  });

  it("is to blame when it cannot be asked for an unknown key, and is left alone for a while then", async () => {
    const external = new StandInIssuer(key);
    external.fail();
    const verifier = external.verifier();
    for (let use = 0; use < 50; use += 1) {
      expect(await verifier.verify(await token(key))).toEqual(refuse({ code: "issuer_unavailable" }));
    }
    expect(external.fetches).toBe(1);
    expect(external.warnings).toEqual(["key_set_load_failed"]);
    external.answer = new StandInIssuer(key).answer;
    at(start + 5 * second);
    expect(reason(await verifier.verify(await token(key)))).toBe("accepted");
    expect(external.fetches).toBe(2);
  });

  it("is to blame for an unknown key also when other keys are known", async () => {
    const external = new StandInIssuer(key);
    const verifier = external.verifier();
    await verifier.verify(await token(key));
    external.fail();
    at(start + 30 * second);
    expect(reason(await verifier.verify(await token(attackersKey)))).toBe("issuer_unavailable");
    expect(reason(await verifier.verify(await token(key)))).toBe("accepted");
  });

  it.each([
    ["an error", () => new Response("", { status: 500 })],
    ["a redirect", () => new Response("", { status: 302, headers: { Location: "https://attacker.example" } })],
    ["a page", () => new Response("<html>")],
    ["something else", () => Response.json({ ok: true })],
  ])("does not lose its known keys when it answers with %s", async (_, answer) => {
    const external = new StandInIssuer(key);
    const verifier = external.verifier();
    await verifier.verify(await token(key));
    external.answer = async () => answer();
    at(start + 30 * second);
    expect(reason(await verifier.verify(await token(attackersKey)))).toBe("issuer_unavailable");
    await external.settle();
    expect(reason(await verifier.verify(await token(key)))).toBe("accepted");
    expect(reason(await external.verifier().verify(await token(key)))).toBe("accepted");
  });

  it("gives up on an answer that takes too long", async () => {
    const external = new StandInIssuer(key);
    external.answer = async () => {
      throw new DOMException("The operation timed out.", "TimeoutError");
    };
    expect(reason(await external.verifier().verify(await token(key)))).toBe("issuer_unavailable");
  });

  it("is asked anew in the background after ten minutes, and then no longer knows withdrawn keys", async () => {
    const next = await newKey("next");
    const external = new StandInIssuer(key);
    const verifier = external.verifier();
    await verifier.verify(await token(key));
    external.keys = [next];
    at(start + 10 * minute - second);
    await verifier.verify(await token(key));
    await external.settle();
    expect(external.fetches).toBe(1);

    const gate = Promise.withResolvers<void>();
    const respond = external.answer;
    external.answer = async (url, options) => {
      await gate.promise;
      return respond(url, options);
    };
    at(start + 10 * minute);
    expect(reason(await verifier.verify(await token(key)))).toBe("accepted");
    gate.resolve();
    await external.settle();
    expect(reason(await verifier.verify(await token(key)))).toBe("ERR_JWKS_NO_MATCHING_KEY");
    expect(reason(await verifier.verify(await token(next)))).toBe("accepted");
    expect(external.fetches).toBe(2);
  });
});

describe("a new isolate", () => {
  it("finds the keys in the cache and asks nobody", async () => {
    const external = new StandInIssuer(key);
    await external.verifier().verify(await token(key));
    await external.settle();
    external.fail();
    expect(reason(await external.verifier().verify(await token(key)))).toBe("accepted");
    at(start + 30 * day);
    expect(reason(await external.verifier().verify(await token(key)))).toBe("accepted");
  });

  it("finds keys there that another isolate has looked up", async () => {
    const next = await newKey("next");
    const external = new StandInIssuer(key);
    const verifier = external.verifier();
    await verifier.verify(await token(key));
    external.keys = [key, next];
    at(start + minute);
    await verifier.verify(await token(next));
    await external.settle();
    external.fail();
    expect(reason(await external.verifier().verify(await token(next)))).toBe("accepted");
  });

  it("is named in the log without what errors quote of its address", async () => {
    const external = new StandInIssuer(key);
    for (const message of ["Fetch API cannot load: https://issuer.example/?key=secret", "Network connection lost."]) {
      external.answer = () => Promise.reject(new TypeError(message));
      expect(reason(await external.verifier().verify(await token(key)))).toBe("issuer_unavailable");
    }
    external.answer = async () => new Response("secret", { status: 500 });
    await external.verifier().verify(await token(key));
    expect(external.reasons).toEqual([
      "TypeError: other",
      "TypeError: connection lost",
      "JOSEError: Expected 200 OK from the JSON Web Key Set HTTP response",
    ]);
  });

  it("asks the issuer when the cache fails", async () => {
    const broken = {
      get: () => Promise.reject(new Error("KV is down")),
      put: () => Promise.reject(new Error("KV is down")),
    } as unknown as KVNamespace;
    const external = new StandInIssuer(key);
    expect(reason(await external.verifier(null, broken).verify(await token(key)))).toBe("accepted");
    await external.settle();
    expect(external.warnings).toEqual(["key_set_not_read", "key_set_not_stored"]);
  });

  it("asks the issuer when the cache does not answer", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const silent = { get: () => new Promise(() => {}), put: () => new Promise(() => {}) } as unknown as KVNamespace;
      const external = new StandInIssuer(key);
      const verified = external.verifier(null, silent).verify(await token(key));
      await vi.advanceTimersByTimeAsync(2_000);
      expect(reason(await verified)).toBe("accepted");
      const settled = external.settle();
      await vi.advanceTimersByTimeAsync(2_000);
      await settled;
      expect(external.warnings).toEqual(["key_set_not_read", "key_set_not_stored"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it.each(['"text"', "{}", '{"uat":"x","jwks":{"keys":[]}}', "not JSON"])(
    "asks the issuer when the cache holds something else: %s",
    async (text) => {
      const external = new StandInIssuer(key);
      await env.SETTINGS_CACHE.put(`jwks:${external.url}`, text);
      expect(reason(await external.verifier().verify(await token(key)))).toBe("accepted");
      expect(external.fetches).toBe(1);
    },
  );

  it("does not wait longer for new keys because another machine's clock is ahead", async () => {
    const external = new StandInIssuer(key);
    const jwks = { keys: [publicKeyOf(attackersKey)] };
    await env.SETTINGS_CACHE.put(`jwks:${external.url}`, JSON.stringify({ uat: start + day, jwks }));
    const verifier = external.verifier();
    expect(reason(await verifier.verify(await token(key)))).toBe("ERR_JWKS_NO_MATCHING_KEY");
    at(start + 30 * second);
    expect(reason(await verifier.verify(await token(key)))).toBe("accepted");
  });

  it("shares one set among requests that arrive together, and stores it once", async () => {
    const external = new StandInIssuer(key);
    const verifier = external.verifier();
    const text = await token(key);
    const results = await Promise.all(Array.from({ length: 10 }, () => verifier.verify(text)));
    expect(results.map(reason)).toEqual(Array.from({ length: 10 }, () => "accepted"));
    expect(external.deferred).toHaveLength(1);
    const fetches = external.fetches;
    expect(reason(await verifier.verify(text))).toBe("accepted");
    expect(external.fetches).toBe(fetches);
  });
});

describe("remembered tokens", () => {
  const principal = { tenant: demo, customerId: null, scopes: new Set<string>(), actor: "guest" as Actor };

  /** A verifier that counts, with tokens that expire `lifetimeMs` after the start. */
  function remembering(lifetimeMs: number): { tokens: RememberedTokens; verified: string[]; refuseAll(): void } {
    const verified: string[] = [];
    let isRefusing = false;
    const inner: ExpiringTokenVerifier = {
      async verify(text) {
        verified.push(text);
        if (isRefusing) return refuse({ code: "invalid_token", reason: "refused" });
        return succeed({ principal, expiresAt: (start + lifetimeMs) as EpochMs });
      },
    };
    return {
      tokens: new RememberedTokens(inner, systemClock),
      verified,
      refuseAll: () => {
        isRefusing = true;
      },
    };
  }

  it("are verified once a minute", async () => {
    const { tokens, verified } = remembering(day);
    expect(await tokens.verify("t1")).toEqual(succeed(principal));
    at(start + minute - 1);
    expect(await tokens.verify("t1")).toEqual(succeed(principal));
    expect(verified).toHaveLength(1);
    at(start + minute);
    await tokens.verify("t1");
    expect(verified).toHaveLength(2);
  });

  it("are told apart", async () => {
    const { tokens, verified } = remembering(day);
    await tokens.verify("t1");
    await tokens.verify("t2");
    expect(verified).toEqual(["t1", "t2"]);
  });

  it("are not remembered past their expiry", async () => {
    const { tokens, verified, refuseAll } = remembering(10 * second);
    await tokens.verify("t1");
    at(start + 10 * second - 1);
    expect((await tokens.verify("t1")).ok).toBe(true);
    expect(verified).toHaveLength(1);
    refuseAll();
    at(start + 10 * second);
    expect((await tokens.verify("t1")).ok).toBe(false);
  });

  it("are not remembered when they are very long, however good", async () => {
    const { tokens, verified } = remembering(day);
    const long = "t".repeat(4_000);
    await tokens.verify(long);
    await tokens.verify(long);
    expect(verified).toEqual([long, long]);
  });

  it("are never remembered as refused", async () => {
    const { tokens, verified, refuseAll } = remembering(day);
    refuseAll();
    const refused = refuse({ code: "invalid_token", reason: "refused" });
    expect(await tokens.verify("t1")).toEqual(refused);
    expect(await tokens.verify("t1")).toEqual(refused);
    expect(verified).toHaveLength(2);
  });

  it("are 5,000 at most; the oldest goes first", async () => {
    const { tokens, verified } = remembering(day);
    for (let index = 0; index <= 5_000; index += 1) await tokens.verify(`t${index}`);
    verified.length = 0;
    await tokens.verify("t1");
    await tokens.verify("t5000");
    expect(verified).toEqual([]);
    await tokens.verify("t0");
    expect(verified).toEqual(["t0"]);
  });

  it("keep a real token from being verified twice", async () => {
    const external = new StandInIssuer(key);
    const tokens = new RememberedTokens(external.verifier(), systemClock);
    const text = await token(key, { exp: start / second + 30 });
    expect((await tokens.verify(text)).ok).toBe(true);
    const verify = vi.spyOn(crypto.subtle, "verify");
    expect((await tokens.verify(text)).ok).toBe(true);
    expect(verify).not.toHaveBeenCalled();
    at(start + 31 * second);
    expect((await tokens.verify(text)).ok).toBe(true);
    expect(verify).toHaveBeenCalledTimes(1);
    at(start + 35 * second);
    expect((await tokens.verify(text)).ok).toBe(false);
  });
});

function decoded(part: string): Record<string, unknown> {
  return JSON.parse(atob(base64(part))) as Record<string, unknown>;
}

const base64 = (base64url: string): string => base64url.replaceAll("-", "+").replaceAll("_", "/");

const encoded = (part: object): string =>
  btoa(JSON.stringify(part)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

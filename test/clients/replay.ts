import { exports } from "cloudflare:workers";
import { clientIdOf, clientSecretOf } from "../support/api-client-names.ts";
import { addClients } from "../support/api-clients.ts";
import { allScopes } from "../support/prepared-shop.ts";
import { answerOf, call, requestOf, Shop } from "../support/shop.ts";
import { customerToken, employeeToken, guestToken } from "../support/tokens.ts";
import { membersAt, problemsOf } from "./answers.ts";
import { objectionsBeforehand, objectionsToReading, shopOrigin } from "./browser.ts";
import type { ClientRequest, Expected, Journey } from "./client-request.ts";

/** What stands for the placeholders. */
type Known = Record<string, unknown>;
type Texts = Readonly<Record<string, string>>;

/**
 * Sends the requests of `journey` in a shop of its own: a site `main` with settings, an option for 100 points, and a
 * customer with 1,000.
 * @returns for each request that went wrong: its operation and in what
 */
export async function problemsOn(journey: Journey): Promise<readonly string[]> {
  const known = await openedShop();
  const problems: string[] = [];
  const { before = [], requests, headers = {}, inBrowser = false } = journey;
  for (const request of before) problems.push(...(await played(request, known, false)));
  for (const request of requests) {
    const whole = { ...request, headers: { ...headers, ...request.headers } };
    problems.push(...(await played(whole, known, inBrowser)));
  }
  return problems;
}

const customerId = "C0123456789";

async function openedShop(): Promise<Known> {
  const { tenant } = await Shop.open(null);
  await addClients([tenant], allScopes);
  const tokens = {
    employee: await employeeToken(tenant, allScopes),
    customer: await customerToken(tenant, customerId),
    guest: await guestToken(tenant),
  };
  const ask = async (path: string, json: object) => {
    const { status, body } = await call("POST", path, { token: tokens.employee, json });
    if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
  };
  const rewardpoints = { enabled: true, codePrefix: "RP", orderValueToRewardPointsFactor: 1 };
  const referral = { codePrefix: "REF", value: 5, redemptionCodeValue: 5 };
  await ask(`/site/${tenant}/sites/main/mixins`, { couponSettings: { rewardpoints, referral } });
  await ask(`/reward-points/customer/${customerId}/addPoints`, { points: 1_000 });
  const coupon = {
    name: "10 % off",
    discountType: "PERCENT",
    discountPercentage: 10,
    allowAnonymous: true,
    maxRedemptions: 1,
  };
  const optionId = "ten-percent";
  await ask(`/reward-points/${tenant}/redeemOptions`, { id: optionId, type: "coupon", name: "x", points: 100, coupon });
  return { tenant, customerId, optionId, clientId: clientIdOf(tenant), clientSecret: clientSecretOf(tenant), tokens };
}

async function played(request: ClientRequest, known: Known, inBrowser: boolean): Promise<readonly string[]> {
  const sent = requestIn(request, known);
  const expected = filled(request.expects, known) as Expected;
  const objections = inBrowser ? await objectionsBeforehand(sent) : [];
  const answer = await answerOf(await exports.default.fetch(new Request(sent, inBrowser ? atShop(sent) : {})));
  const problems = problemsOf(answer, expected);
  const unreadable = inBrowser ? objectionsToReading(answer.headers, Object.keys(expected.headers ?? {})) : [];
  for (const [word, path] of Object.entries(request.keeps ?? {})) known[word] = membersAt(answer.body, path)[0];
  return [...objections, ...problems, ...unreadable].map((problem) => `${request.operation}: ${problem}`);
}

const atShop = ({ headers }: Request): RequestInit => ({ headers: [...headers, ["Origin", shopOrigin]] });

function requestIn(request: ClientRequest, known: Known): Request {
  const [method = "", path = ""] = request.operation.split(" ");
  const { tokens } = known as { readonly tokens: Texts };
  const parts = { ...known, ...(filled(request.path ?? {}, known) as Texts) };
  const query = new URLSearchParams(filled(request.query ?? {}, known) as Texts).toString();
  const body = bodyOf(request, known);
  return requestOf(method, `${inPath(path, parts)}${query === "" ? "" : `?${query}`}`, {
    token: tokens[request.as],
    headers: filled(request.headers ?? {}, known) as Texts,
    ...body,
  });
}

function bodyOf(
  { json, over, form }: ClientRequest,
  known: Known,
): { readonly json?: unknown; readonly body?: BodyInit } {
  if (form !== undefined) return { body: new URLSearchParams(filled(form, known) as Texts) };
  const base = over === undefined ? {} : filled(over, known);
  if (over !== undefined) return { json: { ...(base as object), ...(filled(json ?? {}, known) as object) } };
  return json === undefined ? {} : { json: filled(json, known) };
}

const inPath = (path: string, parts: Known): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, word: string) => encodeURIComponent(String(keptAs(word, parts))));

function keptAs(word: string, known: Known): unknown {
  if (!(word in known)) throw new Error(`Nothing has been kept as {${word}}.`);
  return known[word];
}

/** `value` with what its placeholders stand for, in all its members. */
function filled(value: unknown, known: Known): unknown {
  if (typeof value === "string") {
    const [, only] = /^\{(\w+)\}$/.exec(value) ?? [];
    if (only !== undefined) return keptAs(only, known);
    return value.replaceAll(/\{(\w+)\}/g, (_, word: string) => String(keptAs(word, known)));
  }
  if (Array.isArray(value)) return value.map((item) => filled(item, known));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, filled(member, known)]));
}

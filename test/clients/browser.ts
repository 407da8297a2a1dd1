import { exports } from "cloudflare:workers";

/** One of `CORS_ORIGINS`. */
export const shopOrigin = "https://shop.test";

/** Headers that a page may set without asking, as long as their values are usual ones (the Fetch standard). */
const askedForNone: Readonly<Record<string, (value: string) => boolean>> = {
  accept: (value) => !/["():<>?@[\\\]{}]/.test(value),
  "accept-language": (value) => /^[0-9A-Za-z *,.;=-]*$/.test(value),
  "content-language": (value) => /^[0-9A-Za-z *,.;=-]*$/.test(value),
  "content-type": (value) => /^(?:application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\b/.test(value),
};
const isLong = (value: string): boolean => value.length > 128;
const isAskedFor = ([name, value]: readonly [string, string]): boolean =>
  isLong(value) || !(askedForNone[name]?.(value) ?? false);

const listIn = (headers: Headers, name: string): readonly string[] =>
  (headers.get(name) ?? "").split(",").map((item) => item.trim().toLowerCase());

/** Why a browser would not send the request for a page of the shop, after its preflight if it needs one. */
export async function objectionsBeforehand({ url, method, headers }: Request): Promise<readonly string[]> {
  const asked = [...headers].filter(isAskedFor).map(([name]) => name);
  if (asked.length === 0 && /^(?:GET|HEAD|POST)$/.test(method)) return [];
  const preflight = new Request(url, {
    method: "OPTIONS",
    headers: {
      Origin: shopOrigin,
      "Access-Control-Request-Method": method,
      "Access-Control-Request-Headers": asked.toSorted().join(","),
    },
  });
  const answer = await exports.default.fetch(preflight);
  const allowedHeaders = listIn(answer.headers, "Access-Control-Allow-Headers");
  const isAllowed = listIn(answer.headers, "Access-Control-Allow-Methods").includes(method.toLowerCase());
  return [
    ...(answer.ok ? [] : [`the preflight is answered with ${answer.status}`]),
    ...objectionsToOrigin(answer.headers),
    ...(isAllowed ? [] : [`the method is not allowed`]),
    ...asked.filter((name) => !allowedHeaders.includes(name)).map((name) => `the header ${name} is not allowed`),
  ];
}

/** Why a page of the shop could not read the answer, or those of its headers that it needs. */
export function objectionsToReading(answer: Headers, needed: readonly string[]): readonly string[] {
  const exposed = listIn(answer, "Access-Control-Expose-Headers");
  const hidden = needed.filter((name) => !exposed.includes(name.toLowerCase()));
  return [...objectionsToOrigin(answer), ...hidden.map((name) => `the header ${name} is not exposed`)];
}

const objectionsToOrigin = (answer: Headers): readonly string[] => {
  const allowed = answer.get("Access-Control-Allow-Origin");
  return allowed === shopOrigin || allowed === "*" ? [] : ["the page's origin is not allowed"];
};

import type { ApiDocument, Operation, Parameter, Schema } from "./fuzz-document.ts";
import { entryFor, type Request } from "./fuzz-requests.ts";

/** A request as it goes out. */
export interface Message {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** What must become of a broken request that its caller may send. */
export interface Breakage {
  readonly words: string;
  readonly message: Message;
  readonly status: 400 | 403 | 404 | 405 | 413 | 415;
  /** Whether it is no operation at all, so that nobody is asked for a token. */
  readonly isNoOperation: boolean;
}

/** The request as its operation's documentation has it. */
export function messageOf(request: Request): Message {
  return written(request, textOf(request));
}

function textOf({ body, mediaType }: Request): string | null {
  if (mediaType === null) return null;
  if (mediaType !== formMediaType) return JSON.stringify(body);
  // A form has nothing but text, whatever the document lets its members be.
  const texts = Object.entries(body as object).map(([name, value]) => [name, formText(value)]);
  return new URLSearchParams(texts).toString();
}

const formText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

const formMediaType = "application/x-www-form-urlencoded";

interface Text {
  readonly parameter: Parameter;
  readonly text: string;
}

function written(
  { operation, parameters, mediaType }: Request,
  body: string | null,
  { changed, repeated }: { changed?: Text; repeated?: Parameter } = {},
): Message {
  let { path } = operation;
  const query: string[] = [];
  const headers: Record<string, string> = mediaType === null ? {} : { "Content-Type": mediaType };
  const values = new Map([...parameters].map(([parameter, value]) => [parameter, String(value)]));
  if (changed !== undefined) values.set(changed.parameter, changed.text);
  for (const [parameter, text] of values) {
    const escaped = encodeURIComponent(text);
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, () => escaped);
    if (parameter.in === "header") headers[parameter.name] = text;
    if (parameter.in !== "query") continue;
    query.push(`${parameter.name}=${escaped}`);
    if (parameter === repeated) query.push(`${parameter.name}=${escaped}`);
  }
  return {
    method: operation.method,
    path: query.length === 0 ? path : `${path}?${query.join("&")}`,
    headers,
    body,
  };
}

/**
 * One of the ways in which `request` can be made one that the document forbids.
 * @param choice which; the same request and choice are broken alike
 */
export function broken(request: Request, choice: number, document: ApiDocument): Breakage {
  const ways = waysFor(request, document);
  const way = ways[choice % ways.length];
  const breakage = way?.(Math.floor(choice / ways.length));
  return breakage ?? otherPath(request, choice, document);
}

/** Null where the request cannot be broken like that. */
type Way = (choice: number) => Breakage | null;

function waysFor(request: Request, document: ApiDocument): readonly Way[] {
  const { operation, mediaType } = request;
  const parameters = operation.parameters
    .filter(({ shape, in: place }) => place !== "header" || shape.schema.pattern !== undefined)
    .map(
      (parameter): Way =>
        (choice) =>
          brokenParameter(request, parameter, choice),
    );
  const queries = [...request.parameters.keys()]
    .filter((parameter) => parameter.in === "query")
    .map(
      (parameter): Way =>
        () =>
          repeatedParameter(request, parameter),
    );
  const bodies: readonly Way[] = [
    // Bodies have many members: they are broken more often than anything else.
    ...Array.from({ length: 6 }, (): Way => (choice) => brokenBody(request, choice)),
    (choice) => (mediaType === formMediaType ? null : notJson(request, choice)),
    (choice) => otherMediaType(request, choice),
    () => tooLarge(request),
  ];
  return [
    ...parameters,
    ...queries,
    ...(mediaType === null ? [] : bodies),
    (choice) => otherMethod(request, choice, document),
    (choice) => brokenEscape(request, choice),
    (choice) => otherPath(request, choice, document),
  ];
}

const breakage = (words: string, message: Message, status: Breakage["status"]): Breakage => ({
  words,
  message,
  status,
  isNoOperation: status === 404 || status === 405,
});

/** Texts that parameters of some kind do not allow. The characters of the last ones mean something elsewhere. */
const oddTexts: readonly string[] = [
  ...["0", "-1", "1.5", "1e3", "01", "+1", " 1", "0x10", "\uff11", "9".repeat(30), "true", "TRUE", "yes", "null"],
  ...["[object Object]", "nope", "a b", "a#b", "a\tb", "a\u0000b", "a\u007fb", "a\u2028b", "\u00e9", "<>", "'\"`"],
  ...["__proto__", "order:1", "q:q:q", "status:NONE code", "*", "1;2", "UPPER", "-x", "a".repeat(20)],
];

function brokenParameter(request: Request, parameter: Parameter, choice: number): Breakage | null {
  const { schema } = parameter.shape;
  const tooLong =
    schema.maxLength === undefined ? [] : ["x".repeat(schema.maxLength + 1), "\u{1f600}".repeat(schema.maxLength + 1)];
  const empty = parameter.in === "query" ? [""] : [];
  const tooMuch = schema.maximum === undefined ? [] : [String(schema.maximum + 1)];
  const texts = [...oddTexts, ...tooLong, ...tooMuch, ...empty].filter((text) => canStandIn(parameter, text));
  const text = rotated(texts, choice).find((candidate) => !parameter.shape.accepts(read(candidate, schema)));
  if (text === undefined) return null;
  const message = written(request, textOf(request), { changed: { parameter, text } });
  // Another tenant than the token's is refused before anything is looked at.
  const status = parameter.name === "tenant" && parameter.in === "path" ? 403 : 400;
  return breakage(`${parameter.in} parameter ${parameter.name} is ${JSON.stringify(text)}`, message, status);
}

const canStandIn = ({ in: place }: Parameter, text: string): boolean =>
  place !== "header" || (/^[ -~]+$/.test(text) && text.trim() === text);

/** A parameter's text as the value that its schema speaks of. */
export function read(text: string, { type }: Schema): unknown {
  if (type === "integer" || type === "number") return String(Number(text)) === text ? Number(text) : text;
  return type === "boolean" && (text === "true" || text === "false") ? text === "true" : text;
}

const rotated = <Item>(items: readonly Item[], by: number): readonly Item[] => {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
};

function repeatedParameter(request: Request, parameter: Parameter): Breakage {
  const message = written(request, textOf(request), { repeated: parameter });
  return breakage(`query parameter ${parameter.name} comes twice`, message, 400);
}

/** A place in a value: the names and indices that lead to it. */
type Place = readonly (string | number)[];

function placesIn(value: unknown, place: Place = []): readonly Place[] {
  if (typeof value !== "object" || value === null) return [place];
  return [place, ...Object.entries(value).flatMap(([name, member]) => placesIn(member, [...place, name]))];
}

/** Stands for a member that is left out. */
const absent = Symbol("absent");

const oddValues: readonly unknown[] = [
  ...[absent, null, true, 0, -1, -2, 1.5, 101, 2 ** 53, 1e21, -1e-9, "", "1", "nope", "a\u0000b", "a\u0007b"],
  ...["order:1", "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T25:00:00Z", "EURO", "E1R", "FREE_SHIPPING"],
  ...["x".repeat(3_000), "\u{1f600}".repeat(300), [], {}, ["a"], { a: 1 }, [null], [[]], "__proto__"],
];

function brokenBody(request: Request, choice: number): Breakage | null {
  const { operation, mediaType, body } = request;
  const shape = operation.body?.get(mediaType ?? "");
  if (shape === undefined) return null;
  const isForm = mediaType === formMediaType;
  const places = placesIn(body);
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const place = places[(choice + attempt) % places.length] ?? [];
    const odd = oddValues[(Math.floor(choice / places.length) + attempt) % oddValues.length];
    if (isForm && (place.length === 0 || (odd !== absent && typeof odd !== "string"))) continue;
    if (place.length === 0 && odd === absent) continue;
    const changed = replaced(body, place, odd);
    if (shape.accepts(changed)) continue;
    const message = written(request, textOf({ ...request, body: changed }));
    const shown = odd === absent ? "is left out" : `is ${JSON.stringify(odd)?.slice(0, 40)}`;
    return breakage(`body ${place.join(".")} ${shown}`, message, 400);
  }
  return isForm ? null : breakage("body is a list", written(request, "[]"), 400);
}

/** How many changes of a body are tried before it is replaced as a whole: some schemas allow nearly everything. */
const attemptsMax = 30;

function replaced(value: unknown, place: Place, by: unknown): unknown {
  const [name, ...rest] = place;
  if (name === undefined) return by;
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => {
      if (index !== Number(name)) return [item];
      return rest.length === 0 && by === absent ? [] : [replaced(item, rest, by)];
    });
  }
  const members = Object.entries(value as object).flatMap(([member, inner]) => {
    if (member !== name) return [[member, inner]];
    return rest.length === 0 && by === absent ? [] : [[member, replaced(inner, rest, by)]];
  });
  return Object.fromEntries(members);
}

const noJson: readonly ((text: string) => string)[] = [
  () => "{",
  () => "NaN",
  () => "{'points': 1}",
  (text) => text.slice(0, -1),
  (text) => `${text}}`,
  (text) => `${text.slice(0, -1)},}`,
  (text) => `${text} // no comments`,
  (text) => `${text}\u0000`,
];

function notJson(request: Request, choice: number): Breakage {
  const ways = request.operation.isBodyRequired ? [...noJson, () => ""] : noJson;
  const text = ways[choice % ways.length]?.(textOf(request) ?? "") ?? "";
  return breakage(`body is no JSON: ${text.slice(0, 40)}`, written(request, text), 400);
}

const otherMediaTypes = [
  "text/plain",
  "application/xml",
  "multipart/form-data",
  "application/jsonx",
  "application/vnd.api+json",
  "json",
  "*/*",
];

function otherMediaType(request: Request, choice: number): Breakage {
  const mediaType = otherMediaTypes[choice % otherMediaTypes.length] ?? "";
  const message = written(request, textOf(request));
  const headers = { ...message.headers, "Content-Type": mediaType };
  return breakage(`Content-Type is ${mediaType}`, { ...message, headers }, 415);
}

/** The largest body that the operation reads. */
const bytesMaxOf = (operation: Operation): number => entryFor(operation).bodyBytesMax ?? 64 * 1024;

function tooLarge(request: Request): Breakage {
  const message = written(request, (textOf(request) ?? "").padEnd(bytesMaxOf(request.operation) + 1, " "));
  return breakage("body is too large", message, 413);
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"];

function otherMethod(request: Request, choice: number, document: ApiDocument): Breakage | null {
  const message = messageOf(request);
  const [path = ""] = message.path.split("?");
  const allowed = document.methodsOf(path);
  const method = rotated(methods, choice).find((candidate) => !allowed.includes(candidate));
  if (method === undefined) return null;
  const body = method === "GET" ? null : message.body;
  return breakage(`method is ${method}`, { ...message, method, body }, 405);
}

const brokenEscapes = ["%", "%zz", "%c3%28", "%ff", "%ed%a0%80"];

function brokenEscape(request: Request, choice: number): Breakage | null {
  const message = messageOf(request);
  const ending = brokenEscapes[choice % brokenEscapes.length] ?? "%";
  const [path = "", query] = message.path.split("?");
  const wrong = `${path}${ending}${query === undefined ? "" : `?${query}`}`;
  return { ...breakage(`path ends in ${ending}`, { ...message, path: wrong }, 400), isNoOperation: true };
}

function otherPath(request: Request, choice: number, document: ApiDocument): Breakage {
  const message = messageOf(request);
  const [path = ""] = message.path.split("?");
  const candidates = [
    `${path}/more`,
    // Published clients create sites with a slash at the end.
    ...(request.operation.path === "/site/{tenant}/sites" ? [] : [`${path}/`]),
    `/v1${path}`,
    path.toUpperCase(),
    "/",
    "/reward-points",
    "/coupon//coupons",
  ];
  const other =
    rotated(candidates, choice).find((candidate) => document.methodsOf(candidate).length === 0) ?? "/nowhere";
  return breakage(`path is ${other}`, { ...message, path: other }, 404);
}

/** A JSON value as its text, because most of what is bad about JSON is lost once it has been read. */
export interface BadJson {
  readonly json: string;
  /** Why somebody might send it, or what it breaks in careless code. */
  readonly why: string;
}

const quoted = (text: string): string => JSON.stringify(text);
const repeated = (text: string, count: number): string => text.repeat(count);

/** Values that are of the wrong type, out of range, or not what they look like. */
export const badValues: readonly BadJson[] = [
  { json: "null", why: "there, but nothing" },
  { json: "true", why: "counts as 1 where types are loose" },
  { json: "false", why: "counts as absent where types are loose" },
  { json: "0", why: "counts as absent where types are loose" },
  { json: "-0", why: "equal to 0, but another number" },
  { json: "-1", why: "below every lower limit but that of usage limits" },
  { json: "1.5", why: "half a point" },
  { json: "0.1", why: "cannot be kept in binary" },
  { json: "1e0", why: "an integer in another spelling" },
  { json: "1.0", why: "an integer in another spelling" },
  { json: "100.00000000000001", why: "just above a limit" },
  { json: "1e309", why: "becomes Infinity" },
  { json: "-1e309", why: "becomes -Infinity" },
  { json: "1e-400", why: "becomes 0" },
  { json: "9007199254740991", why: "2^53 - 1, the last exact integer" },
  { json: "9007199254740992", why: "2^53, equal to 2^53 + 1" },
  { json: "9007199254740993", why: "2^53 + 1, read as 2^53" },
  { json: "-9007199254740993", why: "-(2^53 + 1), read as -2^53" },
  { json: "18446744073709551616", why: "2^64" },
  { json: "1e21", why: "written with an exponent again" },
  { json: '"1"', why: "a number as text" },
  { json: '"0x10"', why: "a number in hexadecimal" },
  { json: '"1e3"', why: "a number as text, with an exponent" },
  { json: '"NaN"', why: "no number, as text" },
  { json: '"Infinity"', why: "no number, as text" },
  { json: '"true"', why: "a flag as text" },
  { json: '"null"', why: "nothing, as text" },
  { json: '"undefined"', why: "nothing, as text" },
  { json: "[]", why: "an empty list counts as 0 where types are loose" },
  { json: "[1]", why: "a list of one counts as its item where types are loose" },
  { json: '["x","x"]', why: "a list, with something twice" },
  { json: "[null]", why: "a list of nothing" },
  { json: "[[]]", why: "a list in a list" },
  { json: "{}", why: "an empty object" },
  { json: '{"length":1}', why: "an object that looks like text" },
  { json: '{"toString":"x","valueOf":"x"}', why: "an object that fails when it is made text" },
  { json: '{"__proto__":{"points":1,"enabled":true}}', why: "would give every object members" },
  { json: '{"constructor":{"prototype":{"points":1}}}', why: "would give every object members" },
  { json: `${repeated("[", 2_000)}${repeated("]", 2_000)}`, why: "nested deeper than a stack" },
  { json: `${repeated('{"a":', 500)}1${repeated("}", 500)}`, why: "nested deep" },
  { json: `[${Array.from({ length: 5_000 }, () => "0").join(",")}]`, why: "a long list" },
];

/** Texts that are dangerous to somebody who takes them for more than text. */
export const badTexts: readonly BadJson[] = [
  { json: '""', why: "says nothing" },
  { json: '" "', why: "says nothing, but is not empty" },
  { json: '" x "', why: "would be another text when trimmed" },
  { json: '"\\u0000"', why: "NUL ends text in C" },
  { json: '"x\\u0000y"', why: "NUL in the middle" },
  { json: '"\\ud800"', why: "half a character: a lone high surrogate" },
  { json: '"x\\udc00y"', why: "half a character: a lone low surrogate" },
  { json: '"\\udc00\\ud800"', why: "surrogates in the wrong order" },
  { json: '"\\ufffe\\uffff"', why: "not characters" },
  { json: '"\\ufeffx"', why: "begins with a byte order mark" },
  { json: '"x\\r\\n{\\"level\\":\\"error\\"}"', why: "forges a line of the log" },
  { json: '"\\u001b[2J\\u0007\\u0008"', why: "clears the terminal that shows it" },
  { json: '"\\u0085\\u2028\\u2029"', why: "ends lines in some readers" },
  { json: '"\\u202eDROP\\u202c"', why: "written from right to left" },
  { json: '"\\u2066x\\u2069\\u200f"', why: "turns the direction of what follows" },
  { json: '"C\\u200b1"', why: "looks like C1: a character without width" },
  { json: '"\\u00ad\\u2060\\u180e"', why: "cannot be seen" },
  { json: '"\\u00e9"', why: "one of two ways to write é" },
  { json: '"e\\u0301"', why: "the other way to write é" },
  { json: '"\\u0430dmin"', why: "looks like admin, in Cyrillic" },
  { json: '"İıſK"', why: "changes its length or comes back changed from upper and lower case" },
  { json: '"👩‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿"', why: "characters of many code points" },
  { json: quoted(`Z${repeated("\u0301", 90)}`), why: "one letter under a heap of marks" },
  { json: `"'; DROP TABLE ledgers; --"`, why: "SQL" },
  { json: `"' OR '1'='1"`, why: "SQL" },
  { json: `"1; SELECT * FROM api_clients"`, why: "SQL" },
  { json: '"%"', why: "matches everything in LIKE" },
  { json: '"_*?[a-z]"', why: "matches in LIKE and GLOB" },
  { json: '"\\\\"', why: "escapes what follows" },
  { json: '"\\""', why: "ends text in JSON" },
  { json: '"\\"}],\\"points\\":1000,\\"x\\":[{\\""', why: "goes on with JSON of its own" },
  { json: '"$.points"', why: "a path of JSON, as SQLite has it" },
  { json: '"{{7*7}}#{7*7}<%=7*7%>"', why: "is computed by templates" },
  { json: '"<script>alert(1)</script><img src=x onerror=alert(1)>"', why: "runs in pages" },
  { json: '"../../../../etc/passwd"', why: "climbs out of a folder" },
  { json: '"..%2f..%2f"', why: "climbs out of a folder once it has been decoded" },
  { json: "\"=cmd|'/c calc'!A1\"", why: "runs in spreadsheets" },
  { json: '"file:///etc/passwd#http://[::1]/"', why: "is fetched by readers of addresses" },
  { json: '"__proto__"', why: "a member that every object has" },
  { json: '"constructor"', why: "a member that every object has" },
  { json: '"order:1"', why: "the form of ids that only the service makes" },
  { json: '"a:b/c?d=e&f#g;h,i"', why: "everything that separates" },
  { json: quoted(repeated("x", 129)), why: "one longer than ids" },
  { json: quoted(repeated("😀", 256)), why: "one longer than names; twice as long in UTF-16" },
  { json: quoted(repeated("x", 2_001)), why: "one longer than descriptions" },
  { json: quoted(repeated("x", 60_000)), why: "nearly as long as a body" },
];

/** Moments that are none, or lie where careless code does not expect them. */
export const badMoments: readonly BadJson[] = [
  "2026-02-30T00:00:00Z",
  "2025-02-29T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "2026-00-10T00:00:00Z",
  "2026-01-32T00:00:00Z",
  "2026-01-01T24:00:00Z",
  "2026-01-01T23:60:00Z",
  "2026-06-30T23:59:60Z",
  "2026-01-01T00:00:00",
  "2026-01-01T00:00Z",
  "2026-01-01",
  "2026-01-01 00:00:00Z",
  "2026-01-01t00:00:00z",
  "20260101T000000Z",
  "2026-W01-1T00:00:00Z",
  "2026-1-1T0:0:0Z",
  "26-01-01T00:00:00Z",
  "+002026-01-01T00:00:00Z",
  "+275760-09-13T00:00:00.001Z",
  "-000001-01-01T00:00:00Z",
  "0000-01-01T00:00:00Z",
  "0000-01-01T00:00:00+23:59",
  "9999-12-31T23:59:59-23:59",
  "9999-12-31T23:59:59.999Z",
  "2026-01-01T00:00:00+24:00",
  "2026-01-01T00:00:00+0100",
  "2026-01-01T00:00:00+01",
  "2026-01-01T00:00:00UTC",
  "2026-01-01T00:00:00.Z",
  "2026-01-01T00:00:00,5Z",
  "2026-01-01T00:00:00.123456789Z",
  "2026-01-01T00:00:00Z\n",
  " 2026-01-01T00:00:00Z",
  "٢٠٢٦-01-01T00:00:00Z",
  "Thu, 01 Jan 2026 00:00:00 GMT",
  "now",
  "1767225600000",
].map((text) => ({ json: quoted(text), why: "a moment that is none, or is spelled or placed oddly" }));

/** What stands in a path, a query or a header, percent-encoded as it is sent. */
export interface BadWord {
  readonly raw: string;
  readonly why: string;
}

const encoded = ({ json, why }: BadJson): BadWord[] => {
  const text: string = JSON.parse(json);
  return text.isWellFormed() ? [{ raw: encodeURIComponent(text), why }] : [];
};

/** Bytes that stand for no text. */
export const brokenWords: readonly BadWord[] = [
  { raw: "%", why: "nothing after the percent sign" },
  { raw: "%2", why: "half of an encoded byte" },
  { raw: "%zz", why: "not hexadecimal" },
  { raw: "x%ffy", why: "a byte that UTF-8 does not have" },
  { raw: "%c3%28", why: "a character that is not finished" },
  { raw: "%c0%af", why: "a slash in more bytes than it needs" },
  { raw: "%e0%80%ae", why: "a dot in more bytes than it needs" },
  { raw: "%ed%a0%80", why: "half a surrogate pair as bytes" },
  { raw: "%f4%90%80%80", why: "beyond the last character" },
  { raw: "%u0041", why: "an encoding that never was a standard" },
];

/** Words for paths and queries. */
export const badWords: readonly BadWord[] = [
  ...badTexts.flatMap(encoded).filter(({ raw }) => raw.length < 8_000),
  { raw: "0", why: "below the first page" },
  { raw: "-1", why: "before the first page" },
  { raw: "1.5", why: "half a page" },
  { raw: "1e3", why: "a number with an exponent" },
  { raw: "0x10", why: "a number in hexadecimal" },
  { raw: "01", why: "a number with a zero before it" },
  { raw: "%2B1", why: "a number with its sign" },
  { raw: "%D9%A1", why: "a digit that is none of 0 to 9" },
  { raw: "9007199254740993", why: "2^53 + 1" },
  { raw: "99999999999999999999999", why: "more than any page" },
  { raw: "NaN", why: "no number" },
  { raw: "Infinity", why: "no number" },
  { raw: "true", why: "a flag" },
  { raw: "TRUE", why: "a flag in upper case" },
  { raw: "yes", why: "a flag in other words" },
  { raw: "null", why: "nothing, as text" },
  { raw: "undefined", why: "what a page sends that forgot to fill it in" },
  { raw: "[object%20Object]", why: "what a page sends that forgot to fill it in" },
  { raw: "{}", why: "JSON" },
  { raw: "a%2Fb", why: "a slash that separates nothing" },
  { raw: "%2e%2e%2f", why: "climbs out of a folder" },
  { raw: "%252e%252e", why: "climbs out of a folder once it has been decoded twice" },
  { raw: "%0d%0aX-Injected:%201", why: "forges a header" },
];

/** Whole bodies that are not what an operation takes. */
export interface BadBody {
  readonly name: string;
  readonly body: string | Uint8Array;
  /** Without: application/json. */
  readonly contentType?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent in chunks, without a length. */
  readonly chunked?: true;
  readonly status: 400 | 413 | 415;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const joined = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  new Uint8Array(parts.flatMap((part) => (typeof part === "string" ? [...utf8(part)] : [...part])));
const utf16 = (text: string): Uint8Array =>
  new Uint8Array([0xff, 0xfe, ...[...text].flatMap((character) => [character.charCodeAt(0), 0])]);

/** A megabyte, which is sixteen times what is read. */
const megabyte = `{"description":"${repeated("x", 1_048_576)}"}`;

export const badBodies: readonly BadBody[] = [
  { name: "an empty body", body: "", status: 400 },
  { name: "white space", body: " \r\n\t ", status: 400 },
  { name: "null", body: "null", status: 400 },
  { name: "a list", body: "[]", status: 400 },
  { name: "a list of an object", body: '[{"points":1}]', status: 400 },
  { name: "a number", body: "1", status: 400 },
  { name: "text", body: '"x"', status: 400 },
  { name: "a flag", body: "true", status: 400 },
  { name: "half an object", body: '{"points":1', status: 400 },
  { name: "only its beginning", body: "{", status: 400 },
  { name: "a comma too many", body: '{"points":1,}', status: 400 },
  { name: "a comment", body: '{"points":1}//', status: 400 },
  { name: "single quotes", body: "{'points':1}", status: 400 },
  { name: "names without quotes", body: "{points:1}", status: 400 },
  { name: "NaN", body: '{"points":NaN}', status: 400 },
  { name: "Infinity", body: '{"points":Infinity}', status: 400 },
  { name: "undefined", body: '{"points":undefined}', status: 400 },
  { name: "a number with a sign", body: '{"points":+1}', status: 400 },
  { name: "a number with a zero before it", body: '{"points":01}', status: 400 },
  { name: "a number without its first digit", body: '{"points":.5}', status: 400 },
  { name: "a number in hexadecimal", body: '{"points":0x1}', status: 400 },
  { name: "a line break in text", body: '{"description":"a\nb"}', status: 400 },
  { name: "an escape that there is not", body: '{"description":"\\x41"}', status: 400 },
  { name: "two objects", body: '{"points":1}{"points":2}', status: 400 },
  { name: "two lines of objects", body: '{"points":1}\n{"points":2}', status: 400 },
  { name: "NUL after it", body: '{"points":1}\u0000', status: 400 },
  { name: "a prefix against reading it as a script", body: ')]}\',\n{"points":1}', status: 400 },
  { name: "XML", body: "<points>1</points>", status: 400 },
  { name: "a form", body: "points=1", status: 400 },
  { name: "deep nesting that does not end", body: repeated('{"a":', 10_000), status: 400 },
  { name: "a byte that UTF-8 does not have", body: joined('{"description":"', [0xff], '","points":1}'), status: 400 },
  { name: "text in Latin-1", body: joined('{"description":"caf', [0xe9], '","points":1}'), status: 400 },
  { name: "half a character", body: joined('{"points":1,"description":"', [0xc3], '"}'), status: 400 },
  { name: "half a surrogate pair as bytes", body: joined('{"points":1,"d":"', [0xed, 0xa0, 0x80], '"}'), status: 400 },
  { name: "a quote in more bytes than it needs", body: joined('{"points":1,"d":"', [0xc0, 0xa2], '"}'), status: 400 },
  { name: "UTF-16 with a byte order mark", body: utf16('{"points":1}'), status: 400 },
  { name: "UTF-16 without one", body: utf16('{"points":1}').slice(2), status: 400 },
  { name: "random bytes", body: new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), status: 400 },
  { name: "a megabyte", body: megabyte, status: 413 },
  { name: "a megabyte in chunks", body: megabyte, chunked: true, status: 413 },
  { name: "nothing, in chunks", body: "", chunked: true, status: 400 },
  { name: "half an object in chunks", body: '{"points":1', chunked: true, status: 400 },
  { name: "no Content-Type", body: utf8('{"points":1}'), contentType: null, status: 415 },
  { name: "an empty Content-Type", body: '{"points":1}', contentType: "", status: 415 },
  { name: "plain text", body: '{"points":1}', contentType: "text/plain", status: 415 },
  { name: "JSON called text", body: '{"points":1}', contentType: "text/json", status: 415 },
  { name: "JSON called a form", body: '{"points":1}', contentType: "application/x-www-form-urlencoded", status: 415 },
  { name: "a form of parts", body: '{"points":1}', contentType: "multipart/form-data; boundary=x", status: 415 },
  { name: "something like JSON", body: '{"points":1}', contentType: "application/jsonx", status: 415 },
  { name: "another kind of JSON", body: '{"points":1}', contentType: "application/vnd.api+json", status: 415 },
  { name: "everything", body: '{"points":1}', contentType: "*/*", status: 415 },
  { name: "two types", body: '{"points":1}', contentType: "text/plain, application/json", status: 415 },
  { name: "JSON in UTF-16", body: '{"points":1}', contentType: "application/json; charset=utf-16", status: 415 },
  { name: "JSON in Latin-1", body: '{"points":1}', contentType: "application/json; charset=ISO-8859-1", status: 415 },
  { name: "JSON in UTF-7", body: '{"points":1}', contentType: 'application/json; charset="utf-7"', status: 415 },
  {
    name: "compressed",
    body: new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
    headers: { "Content-Encoding": "gzip" },
    status: 415,
  },
];

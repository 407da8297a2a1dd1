import type { Answer } from "../support/shop.ts";
import type { Expected, Kind } from "./client-request.ts";

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isOf: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  text: (value) => typeof value === "string" && value !== "",
  number: (value) => typeof value === "number",
  flag: (value) => typeof value === "boolean",
  list: Array.isArray,
  object: isObject,
};

/** What stands at `path` in `body`: one value, or one of each item where the path has `[]`. */
export function membersAt(body: unknown, path: string): readonly unknown[] {
  if (path === "") return [body];
  const [name = "", ...rest] = path.split(".");
  const inner = rest.join(".");
  if (name === "[]") return Array.isArray(body) ? body.flatMap((item) => membersAt(item, inner)) : [undefined];
  if (Array.isArray(body)) return membersAt(body[Number(name)], inner);
  return membersAt(isObject(body) ? body[name] : undefined, inner);
}

/** Whether `actual` is `wanted`, or has at least its members; lists have the same items in the same sequence. */
function matches(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    const items: readonly unknown[] = Array.isArray(actual) ? actual : [];
    return items.length === wanted.length && wanted.every((item, index) => matches(items[index], item));
  }
  if (!isObject(wanted)) return actual === wanted;
  return isObject(actual) && Object.entries(wanted).every(([name, member]) => matches(actual[name], member));
}

/** In what `answer` is not what the client expects; nothing when it is. */
export function problemsOf({ status, headers, body }: Answer, expected: Expected): readonly string[] {
  const statuses = [expected.status].flat();
  if (!statuses.includes(status)) return [`${status} instead of ${statuses.join(" or ")}: ${JSON.stringify(body)}`];
  const { reads = {}, has, lacks = [], lists = [], headers: expectedHeaders = {} } = expected;
  const unreadable = Object.entries(reads).filter(([path, kind]) => {
    const members = membersAt(body, path);
    return members.length === 0 || !members.every(isOf[kind]);
  });
  const surplus = lacks.filter((path) => membersAt(body, path).some((member) => (member ?? null) !== null));
  const items: readonly unknown[] = Array.isArray(body) ? body : [];
  const unlisted = lists.filter((wanted) => !items.some((item) => matches(item, wanted)));
  const differing = Object.entries(expectedHeaders).filter(([name, value]) => headers.get(name) !== value);
  const problems = [
    ...unreadable.map(([path, kind]) => `no ${kind} at "${path}"`),
    ...surplus.map((path) => `something at "${path}"`),
    ...unlisted.map((wanted) => `no item ${JSON.stringify(wanted)}`),
    ...differing.map(([name, value]) => `${name} is ${headers.get(name)} instead of ${value}`),
    ...(has === undefined || matches(body, has) ? [] : [`not ${JSON.stringify(has)}`]),
  ];
  return problems.length === 0 ? [] : [`${problems.join("; ")} in ${status} ${JSON.stringify(body)}`];
}

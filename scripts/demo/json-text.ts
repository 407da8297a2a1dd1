const width = 100;

/** JSON for people: what fits in a line stands in one, the rest is indented, with short members side by side. */
export function jsonText(value: unknown, margin = ""): string {
  const line = lineOf(value);
  if (margin.length + line.length <= width || !isComposite(value)) return line;
  const inner = `${margin}  `;
  const parts = membersOf(value).map(({ label, item }) => ({
    text: label + jsonText(item, inner),
    isShort: !isComposite(item),
  }));
  const [open, close] = bracketsOf(value);
  return `${open}\n${inner}${joined(parts, width - inner.length).join(`,\n${inner}`)}\n${margin}${close}`;
}

/** Short parts share lines of at most `lengthMax` characters; every other part starts a line of its own. */
function joined(parts: readonly { readonly text: string; readonly isShort: boolean }[], lengthMax: number): string[] {
  const lines: string[] = [];
  let isOpen = false;
  for (const { text, isShort } of parts) {
    const last = lines.at(-1);
    if (isOpen && isShort && last !== undefined && last.length + text.length + 2 <= lengthMax) {
      lines[lines.length - 1] = `${last}, ${text}`;
    } else {
      lines.push(text);
    }
    isOpen = isShort;
  }
  return lines;
}

function lineOf(value: unknown): string {
  if (!isComposite(value)) return JSON.stringify(value);
  const members = membersOf(value).map(({ label, item }) => label + lineOf(item));
  const [open, close] = bracketsOf(value);
  if (members.length === 0) return open + close;
  const space = Array.isArray(value) ? "" : " ";
  return `${open}${space}${members.join(", ")}${space}${close}`;
}

const isComposite = (value: unknown): value is object => typeof value === "object" && value !== null;

const bracketsOf = (value: object) => (Array.isArray(value) ? (["[", "]"] as const) : (["{", "}"] as const));

/** The items of a list, or what JSON has of an object's members. */
const membersOf = (value: object): { readonly label: string; readonly item: unknown }[] =>
  Array.isArray(value)
    ? value.map((item: unknown) => ({ label: "", item }))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([name, item]) => ({ label: `${JSON.stringify(name)}: `, item }));

/** A project's files, as far as links need them. Paths are relative to the project's folder and separated by `/`. */
export interface ProjectFiles {
  /** Every file and folder that a link may lead to. */
  readonly paths: ReadonlySet<string>;
  /** The text of every Markdown file, by its path. */
  readonly documents: ReadonlyMap<string, string>;
}

export interface BrokenLink {
  /** The document that has the link. */
  readonly path: string;
  /** Its line, counted from 1. */
  readonly line: number;
  readonly target: string;
  readonly reason: string;
}

/**
 * Every relative link that leads nowhere: its file does not exist, or no heading or named element of its document has
 * its anchor. Links with a scheme are not followed, and whatever stands in code or in a comment is not a link.
 */
export function brokenLinks({ paths, documents }: ProjectFiles): readonly BrokenLink[] {
  const anchors = new Map([...documents].map(([path, text]) => [path, anchorsOf(text)]));
  return [...documents].flatMap(([path, text]) =>
    relativeLinksIn(text).flatMap(({ line, target }): readonly BrokenLink[] => {
      const reason = faultOf(path, target, paths, anchors);
      return reason === null ? [] : [{ path, line, target, reason }];
    }),
  );
}

interface Link {
  readonly line: number;
  readonly target: string;
}

/** The relative links of a document, in their order. */
export function relativeLinksIn(text: string): readonly Link[] {
  const prose = withoutCodeSpans(withoutCodeBlocks(text));
  return linkPatterns
    .flatMap((pattern) => [...prose.matchAll(pattern)])
    .map((match) => ({ at: match.index, target: (match[1] ?? "").replace(/^<|>$/g, "") }))
    .filter(({ target }) => target !== "" && !/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(target))
    .sort((one, other) => one.at - other.at)
    .map(({ at, target }) => ({ line: lineAt(prose, at), target }));
}

const linkPatterns = [
  // [text](target "title"), and images alike; a target may have pairs of parentheses.
  /\]\(\s*(<[^<>\n]*>|[^\s()<]*(?:\([^\s()]*\)[^\s()]*)*)(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/g,
  // [label]: target
  /^ {0,3}\[[^\]\n^][^\]\n]*\]:[ \t]*(\S+)/gm,
  /<(?:a|img)\b[^<>]*?\b(?:href|src)\s*=\s*"([^"]*)"/gi,
] as const;

/** Folder of no meaning: paths that leave it leave the project. */
const root = "/project/";

/** Why a link leads nowhere; null when it leads somewhere. */
function faultOf(
  path: string,
  target: string,
  paths: ReadonlySet<string>,
  anchors: ReadonlyMap<string, ReadonlySet<string>>,
): string | null {
  const fromRoot = target.startsWith("/") ? `${root}${target.slice(1)}` : target;
  const url = new URL(fromRoot, `file://${root}${path}`);
  const [pathname, anchor] = [decoded(url.pathname), decoded(url.hash.slice(1))];
  if (pathname === null || anchor === null) return "it has a percent sign that encodes nothing";
  if (!pathname.startsWith(root)) return "it leaves the project";
  const found = pathname.slice(root.length).replace(/\/$/, "");
  if (found !== "" && !paths.has(found)) return `there is no ${found}`;
  if (anchor === "") return null;
  const known = anchors.get(found);
  if (known === undefined) return /^L\d+(?:-L\d+)?$/.test(anchor) ? null : `${found} has no headings`;
  return known.has(anchor) ? null : `${found} has no heading with the anchor #${anchor}`;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** The anchors that GitHub gives a document: those of its headings, and the ids and names of its HTML. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const prose = withoutCodeBlocks(text);
  const anchors = new Set(["top"]);
  const counts = new Map<string, number>();
  for (const heading of headingsIn(prose)) {
    const slug = slugOf(heading);
    let anchor = slug;
    while (counts.has(anchor)) {
      const count = (counts.get(slug) ?? 0) + 1;
      counts.set(slug, count);
      anchor = `${slug}-${count}`;
    }
    counts.set(anchor, 0);
    anchors.add(anchor);
  }
  for (const [, name = ""] of withoutCodeSpans(prose).matchAll(/<[a-z]+\b[^<>]*?\b(?:id|name)\s*=\s*"([^"]+)"/gi)) {
    anchors.add(name);
  }
  return anchors;
}

/** The headings of both kinds: `## Text`, and text that is underlined with = or -. */
function headingsIn(prose: string): readonly string[] {
  const lines = prose.split("\n");
  return lines.flatMap((line, index) => {
    const [, title] = /^ {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/.exec(line) ?? [];
    if (title !== undefined) return [title];
    const isUnderlined = /^ {0,3}(?:=+|-+)[ \t]*$/.test(lines[index + 1] ?? "");
    return isUnderlined && /^ {0,3}[^\s>|#<-]/.test(line) ? [line.trim()] : [];
  });
}

/** GitHub's rule: lower case, no punctuation but hyphens and underscores, and a hyphen for each space. */
const slugOf = (heading: string): string =>
  heading
    .replace(/!\[[^\]]*\]\([^)]*\)/g, "")
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/<[^<>]*>/g, "")
    .replace(/(?<![\p{L}\p{N}`])_([^_`]+)_(?![\p{L}\p{N}`])/gu, "$1")
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
    .replaceAll(" ", "-");

/** `text` with fenced code and comments made blank, line by line. */
function withoutCodeBlocks(text: string): string {
  let fence: string | null = null;
  const lines = text.split("\n").map((line) => {
    const [, mark = ""] = /^[\s>]*(`{3,}|~{3,})/.exec(line) ?? [];
    if (fence === null) {
      if (mark === "") return line;
      fence = mark;
    } else if (mark.startsWith(fence) && line.trim().endsWith(mark)) {
      fence = null;
    }
    return "";
  });
  return lines.join("\n").replace(/<!--[\s\S]*?-->/g, blank);
}

/** `prose` with inline code made blank. A span ends with as many backticks as it began with, in the same paragraph. */
const withoutCodeSpans = (prose: string): string =>
  prose.replace(/(?<!`)(`+)(?!`)(?:(?!\n[ \t]*\n)[\s\S])*?(?<!`)\1(?!`)/g, blank);

/** As long as `text`, with its line breaks. */
const blank = (text: string): string => text.replace(/[^\n]/g, " ");

const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length;

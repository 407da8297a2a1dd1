/**
 * A name as one part of a path. Null for a name that cannot be one: `.` and `..` would lead elsewhere, in whatever way
 * they are written, and what is not well-formed text has no encoding.
 */
export function pathSegment(name: string): string | null {
  return name === "" || name === "." || name === ".." || !name.isWellFormed() ? null : encodeURIComponent(name);
}

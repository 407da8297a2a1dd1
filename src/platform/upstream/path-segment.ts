/**
 * A name as one segment of a path. Null for a name that cannot be one: `.` and `..` would lead elsewhere even when
 * encoded, and malformed text has no encoding.
 */
export function pathSegment(name: string): string | null {
  return name === "" || name === "." || name === ".." || !name.isWellFormed() ? null : encodeURIComponent(name);
}

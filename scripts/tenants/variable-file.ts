import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";

/**
 * Sets a variable in a file of variables, which stays its owner's alone, and leaves the other lines as they are.
 * @param value without single quotes
 */
export function setVariable(file: string, name: string, value: string): void {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const others = lines.filter((line) => !line.startsWith(`${name}=`));
  while (others.at(-1) === "") others.pop();
  writeFileSync(file, `${[...others, `${name}='${value}'`].join("\n")}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
}

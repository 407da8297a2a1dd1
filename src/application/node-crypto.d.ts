/** What of Node's crypto module is used; workerd has it built in, and its types would bring all of Node's globals. */
declare module "node:crypto" {
  interface Hash {
    update(data: string, inputEncoding: "utf8"): Hash;
    digest(encoding: "hex"): string;
  }
  export function createHash(algorithm: "sha256"): Hash;
}

/** What of Node's crypto module is used; workerd has it built in, and its types would bring all of Node's globals. */
declare module "node:crypto" {
  export function hash(algorithm: "sha256", data: string, outputEncoding: "hex"): string;
}

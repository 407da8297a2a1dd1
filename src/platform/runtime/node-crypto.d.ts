/** The used part of Node's crypto module. workerd has it built in. Node's types would bring all of its globals. */
declare module "node:crypto" {
  export function hash(algorithm: "sha256", data: string, outputEncoding: "hex"): string;
}

import { type Answer, call } from "../shop.ts";

/** HMAC-SHA256 over `text`, in base64, as webhooks are signed. */
export async function signatureOf(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), hmac, false, ["sign"]);
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
  return btoa(String.fromCharCode(...bytes));
}

/** JSON with members sorted at every level, written independently of the code under test. */
export function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const sorted = members.sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${sorted.map(([name, member]) => `${JSON.stringify(name)}:${sortedJson(member)}`).join(",")}}`;
}

/** Sends an event as a webhook does; its members come in the order in which they are given. */
export async function sendSigned(
  tenant: string,
  event: object,
  secret: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const signature = await signatureOf(secret, sortedJson(event));
  return call("POST", `/reward-points/${tenant}/events`, {
    json: event,
    headers: { "emporix-event-signature": signature, ...headers },
  });
}

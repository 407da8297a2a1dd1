import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { EmporixStandIn, isStandInOperation, parseFault } from "../test/support/emporix-stand-in.ts";
import { localBaseUrl, portOf } from "./service-address.ts";
import { runScript, UsageError } from "./usage-error.ts";

// Stands in for Emporix's OAuth, Customer, Coupon, Site Settings, Order and Returns services on this machine, so that the
// service can be tried with them. Requests tell it what is to go wrong: see the lines that it prints.

const port = process.env["PORT"] ?? "8790";

const demoSettings = { enabled: true, codePrefix: "RP", orderValueToRewardPointsFactor: 1, validityInMonths: 12 };

/** `next=coupon.create:drop-after-acting`, `always=coupon.find:503`, and `always=coupon.find:` for no more of it. */
function tell(standIn: EmporixStandIn, query: URLSearchParams): void {
  for (const [when, what] of query) {
    const [operation = "", name = ""] = what.split(":");
    const fault = parseFault(name);
    if (!isStandInOperation(operation)) throw new UsageError(`There is no operation '${operation}'.`);
    if (fault === null && (name !== "" || when !== "always")) throw new UsageError(`There is no fault '${name}'.`);
    if (when === "next" && fault !== null) standIn.next(operation, fault);
    if (when === "always") standIn.always(operation, fault);
  }
}

/** `tenant=demo&customer=C1001`; without a customer, a guest. @returns the opaque token */
const signIn = (standIn: EmporixStandIn, query: URLSearchParams): string =>
  standIn.signIn(query.get("tenant") ?? "demo", query.get("customer"));

/** `tenant=demo&customer=C1001&id=O1&total=100`: an order that completes now. */
function putOrder(standIn: EmporixStandIn, query: URLSearchParams): void {
  const total = Number(query.get("total") ?? 100);
  standIn.putOrder(query.get("tenant") ?? "demo", {
    id: query.get("id") ?? "O1",
    status: "COMPLETED",
    siteCode: "main",
    customer: { id: query.get("customer") ?? "C1001" },
    totalPrice: total,
    subTotalPrice: total,
    currency: "EUR",
    lastStatusChange: new Date().toISOString(),
    metadata: { version: 1 },
  });
}

/** What is asked of the stand-in itself. @returns false for what is asked of the services */
function control(standIn: EmporixStandIn, url: URL, response: ServerResponse): boolean {
  try {
    if (url.pathname === "/coupons") response.end(`${JSON.stringify([...standIn.coupons.values()], null, 2)}\n`);
    else if (url.pathname === "/late") standIn.actLate();
    else if (url.pathname === "/complete") putOrder(standIn, url.searchParams);
    else if (url.pathname === "/sign-in") response.write(`${signIn(standIn, url.searchParams)}\n`);
    else if (url.pathname === "/sign-out") standIn.signOut(url.searchParams.get("token") ?? "");
    else if (url.pathname === "/faults") tell(standIn, url.searchParams);
    else return false;
  } catch (error) {
    response.writeHead(400).write(`${error instanceof Error ? error.message : "?"}\n`);
  }
  response.end();
  return true;
}

/** Hands a request on to the stand-in; a connection that is to be lost is lost. */
async function answer(
  standIn: EmporixStandIn,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const { method = "GET" } = request;
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  try {
    const body = await text(request);
    const answered = await standIn.fetch(url.href, { method, headers, body, signal: gone.signal });
    console.log(`${method} ${url.pathname} ${answered.status}`);
    response.writeHead(answered.status, Object.fromEntries(answered.headers));
    for await (const chunk of answered.body ?? []) {
      if (response.destroyed) break;
      response.write(chunk);
    }
    response.end();
  } catch {
    console.log(`${method} ${url.pathname} without an answer`);
    request.socket.destroy();
  }
}

await runScript(async () => {
  const listenTo = portOf({ PORT: port });
  const standIn = new EmporixStandIn({ baseUrl: localBaseUrl(listenTo) });
  standIn.putSettings("demo", "main", demoSettings);
  const { baseUrl, tokenUrl, clientId, clientSecret } = standIn;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", baseUrl);
    if (!control(standIn, url, response)) void answer(standIn, url, request, response);
  });
  server.on("error", (error) => console.error(error.message));
  server.listen(listenTo, "localhost");
  console.log(`Emporix's OAuth, Customer, Coupon, Site Settings, Order and Returns services are played at ${baseUrl}. Ctrl-C stops it.

In .dev.vars of the service:

EMPORIX_URL=${baseUrl}
EMPORIX_TENANT=demo
SITE_SETTINGS_URL=${baseUrl}
COUPON_SERVICE_URL=${baseUrl}
UPSTREAM_TOKEN_URL=${tokenUrl}
UPSTREAM_CLIENT_ID=${clientId}
UPSTREAM_CLIENT_SECRET=${clientSecret}

A customer's opaque token, a guest's, and how a session ends:

curl '${baseUrl}/sign-in?tenant=demo&customer=C1001'
curl '${baseUrl}/sign-in?tenant=demo'
curl '${baseUrl}/sign-out?token=…'

An order that completes now, for EMPORIX_ORDERS=poll and npm run orders:pull:

curl '${baseUrl}/complete?tenant=demo&customer=C1001&id=O1&total=100'

What goes wrong next, or from now on, and no more; what acts late; and what coupons there are:

curl '${baseUrl}/faults?next=coupon.create:drop-after-acting&always=coupon.find:503'
curl '${baseUrl}/faults?always=coupon.find:'
curl '${baseUrl}/late'
curl '${baseUrl}/coupons'`);
});

import { exports } from "cloudflare:workers";
import { customerToken, employeeToken } from "./tokens.ts";

/** An answer with its body read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON, else the text. */
  readonly body: unknown;
}

export interface Call {
  readonly token?: string | undefined;
  readonly json?: unknown;
  /** Instead of `json`: sent as it is. */
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The request that a client sends. */
export const requestOf = (method: string, path: string, { token, json, body, headers }: Call = {}): Request =>
  new Request(`https://points.test${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(json === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    ...(body === undefined ? {} : { body }),
  });

/** Reads a response to its end. */
export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get("Content-Type")?.includes("json") ?? false;
  return { status: response.status, headers: response.headers, body: isJson && text !== "" ? JSON.parse(text) : text };
}

/** Calls the service as a client does, over HTTP. */
export const call = async (method: string, path: string, more: Call = {}): Promise<Answer> =>
  answerOf(await exports.default.fetch(requestOf(method, path, more)));

/** A merchant of a test's own: storage is shared by the tests of many files. */
export class Shop {
  readonly tenant: string;
  readonly employee: string;

  private constructor(tenant: string, employee: string) {
    this.tenant = tenant;
    this.employee = employee;
  }

  /** @param settings of site `main`, where orders earn nothing unless they say so; null leaves the site without any */
  static async open(settings: object | null = { enabled: true, codePrefix: "RP" }): Promise<Shop> {
    const tenant = `shop-${crypto.randomUUID().slice(0, 8)}`;
    const shop = new Shop(tenant, await employeeToken(tenant));
    if (settings !== null) {
      await shop.manage("POST", `/site/${tenant}/sites/main/mixins`, {
        couponSettings: { rewardpoints: { orderValueToRewardPointsFactor: 0, ...settings } },
      });
    }
    return shop;
  }

  /** A call with an employee's token that has every scope. */
  manage(
    method: string,
    path: string,
    json?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return call(method, path, { token: this.employee, headers, ...(json === undefined ? {} : { json }) });
  }

  async addPoints(customerId: string, points: number | object): Promise<Answer> {
    const json = typeof points === "number" ? { points } : points;
    return this.manage("POST", `/reward-points/customer/${encodeURIComponent(customerId)}/addPoints`, json);
  }

  async balance(customerId: string): Promise<unknown> {
    return (await this.manage("GET", `/reward-points/customer/${encodeURIComponent(customerId)}`)).body;
  }

  /** Creates an option and returns its id. */
  async addOption(points: number, more: object = {}): Promise<string> {
    const id = crypto.randomUUID();
    const option = { id, type: "coupon", name: `Voucher for ${points}`, points, coupon: tenPercentOff, ...more };
    const answer = await this.manage("POST", `/reward-points/${this.tenant}/redeemOptions`, option);
    if (answer.status !== 200) throw new Error(`No option: ${JSON.stringify(answer.body)}`);
    return id;
  }

  customerToken(customerId: string): Promise<string> {
    return customerToken(this.tenant, customerId);
  }
}

export const tenPercentOff = {
  name: "10 % off",
  discountType: "PERCENT",
  discountPercentage: 10,
  allowAnonymous: true,
  maxRedemptions: 1,
};

import type { ClientRequest, Journey } from "./client-request.ts";

const percent = { discountType: "PERCENT", discountPercentage: 10 };
const absolute = { discountType: "ABSOLUTE", discountAbsolute: { amount: 5, currency: "EUR" } };
const created = (coupon: object): ClientRequest => ({
  operation: "POST /coupon/{tenant}/coupons",
  as: "employee",
  json: coupon,
  expects: { status: 201 },
});
/** A list that must consist of the coupons with `codes`, in this sequence. */
const listed = (query: Readonly<Record<string, string>>, codes: readonly string[]): ClientRequest => ({
  operation: "GET /coupon/{tenant}/coupons",
  as: "employee",
  query,
  expects: { status: 200, has: codes.map((code) => ({ code })), headers: { "X-Total-Count": String(codes.length) } },
});

/** The queries of the documented practice, as dashboards and the .NET SDK put them together. */
export const couponLists: readonly Journey[] = [
  {
    client: "the dashboard",
    does: "finds coupons by what they are, and sorts them",
    inBrowser: true,
    headers: { "Emporix-Tenant": "{tenant}", "X-Total-Count": "true" },
    before: [
      created({ code: "A", name: "cc", ...percent }),
      created({ code: "B", name: "5 EUR off", ...absolute }),
      created({ code: "C", name: "cc", ...absolute, restrictions: { validFor: ["C1001", "C1002"] } }),
    ],
    requests: [
      listed({ sort: "code:asc" }, ["A", "B", "C"]),
      listed({ sort: "code" }, ["A", "B", "C"]),
      listed({ sort: "code:DESC" }, ["C", "B", "A"]),
      listed({ sort: "name:desc,code:asc" }, ["A", "C", "B"]),
      listed({ q: "name:cc", sort: "code" }, ["A", "C"]),
      listed({ q: "name:~EUR" }, ["B"]),
      listed({ q: "name:~(EUR off)" }, ["B"]),
      listed({ q: "discountType:ABSOLUTE", sort: "code" }, ["B", "C"]),
      listed({ q: "name:cc discountType:ABSOLUTE" }, ["C"]),
      listed({ q: "restrictions.validFor:C1001" }, ["C"]),
      listed({ q: "code:(A B)", sort: "code" }, ["A", "B"]),
      listed({ q: "code:(A,B)", sort: "code" }, ["A", "B"]),
      {
        // The count is that of all, and not of the page.
        operation: "GET /coupon/{tenant}/coupons",
        as: "employee",
        query: { pageNumber: "1", pageSize: "1", q: "name:cc" },
        expects: { status: 200, headers: { "X-Total-Count": "2" } },
      },
    ],
  },
];

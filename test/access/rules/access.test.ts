import { describe, expect, test } from "vitest";
import {
  type Access,
  acceptedScopes,
  authorize,
  holdsScope,
  isEmployee,
  missingScope,
  scopes,
} from "../../../src/access/rules/access.ts";
import type { Actor, CustomerId, TenantId } from "../../../src/platform/values/identifiers.ts";
import type { Principal } from "../../../src/platform/values/principal.ts";

const view = "rewardspoints.rewardpoints_view";
const manage = "rewardspoints.rewardpoints_manage";
const couponRead = "coupon.coupon_read";

const principal = (customerId: string | null, ...held: readonly string[]): Principal => ({
  tenant: "demo" as TenantId,
  customerId: customerId as CustomerId | null,
  scopes: new Set(held),
  actor: "client:test" as Actor,
});
const guest = principal(null);
const customer = principal("C1");
const viewer = principal(null, view);
const olderViewer = principal(null, "saasag.rewardpoints_view");
const stranger = principal(null, "schema.schema_read");
/** No issuer makes such a token; if one did, it would still be a customer's. */
const customerWithScopes = principal("C1", view, manage);

describe("an operation", () => {
  const forEmployees: Access = { kind: "employee", scopes: [manage, view] };
  const forCustomers: Access = { kind: "customer" };
  const forBoth: Access = { kind: "customer-or-employee", scopes: [manage, view] };
  const forAnyone: Access = { kind: "anyone" };
  const granted = { ok: true, value: "demo" };
  const missing = {
    ok: false,
    failure: {
      code: "missing_scope",
      scopes: [manage, "saasag.rewardpoints_manage", view, "saasag.rewardpoints_view"],
    },
  };
  const needsCustomer = { ok: false, failure: { code: "customer_token_required" } };

  test.each<[string, Principal, Access, object]>([
    ["employees lets in one scope of several", viewer, forEmployees, granted],
    ["employees lets in an older name of a scope", olderViewer, forEmployees, granted],
    ["employees keeps out other scopes", stranger, forEmployees, missing],
    ["employees keeps out guests", guest, forEmployees, missing],
    ["employees keeps out customers", customer, forEmployees, missing],
    ["employees keeps out customers whatever scopes they carry", customerWithScopes, forEmployees, missing],
    ["customers lets in customers", customer, forCustomers, granted],
    ["customers keeps out employees", viewer, forCustomers, needsCustomer],
    ["customers keeps out guests", guest, forCustomers, needsCustomer],
    ["both lets in customers", customer, forBoth, granted],
    ["both lets in employees", viewer, forBoth, granted],
    ["both keeps out other scopes", stranger, forBoth, missing],
    ["both keeps out guests", guest, forBoth, missing],
    ["anyone lets in customers", customer, forAnyone, granted],
    ["anyone lets in employees", stranger, forAnyone, granted],
    ["anyone lets in guests", guest, forAnyone, granted],
  ])("for %s", (_, caller, access, result) => {
    expect(authorize(caller, access, [])).toEqual(result);
    expect(authorize(caller, access, ["demo"])).toEqual(result);
  });

  test.each([forEmployees, forCustomers, forBoth, forAnyone])(
    "of another tenant is nobody's, whoever may call it: %j",
    (access) => {
      for (const caller of [guest, customer, viewer]) {
        for (const namedTenants of [["other"], ["Demo"], [""], ["demo", "other"], ["other", "demo"]]) {
          expect(authorize(caller, access, namedTenants)).toEqual({ ok: false, failure: { code: "tenant_mismatch" } });
        }
      }
    },
  );
});

describe("a scope", () => {
  test("has the name that Emporix issues, and says what it allows", () => {
    expect(scopes).toEqual({
      "rewardspoints.rewardpoints_view": "Read reward points",
      "rewardspoints.rewardpoints_manage": "Manage reward points and redeem options",
      "coupon.coupon_read": "Read coupons",
      "coupon.coupon_manage": "Manage coupons",
      "coupon.coupon_redeem": "Use coupons anonymously",
      "coupon.coupon_redeem_on_behalf": "Use coupons in customers' names",
      "site.site_manage": "Manage sites and their mixins",
    });
  });

  test("of reward points is accepted under its older name, too", () => {
    expect(acceptedScopes([couponRead, view])).toEqual([couponRead, view, "saasag.rewardpoints_view"]);
    expect(acceptedScopes([manage])).toEqual([manage, "saasag.rewardpoints_manage"]);
    expect(acceptedScopes([])).toEqual([]);
  });

  test("that is missing is named with all that would do", () => {
    expect(missingScope([view])).toEqual({ code: "missing_scope", scopes: [view, "saasag.rewardpoints_view"] });
  });

  test("is held by whoever carries one of those that are asked for, and is no customer", () => {
    expect(holdsScope(viewer, view)).toBe(true);
    expect(holdsScope(viewer, manage, view)).toBe(true);
    expect(holdsScope(olderViewer, view)).toBe(true);
    expect(holdsScope(viewer, manage, couponRead)).toBe(false);
    expect(holdsScope(viewer)).toBe(false);
    expect(holdsScope(guest, view)).toBe(false);
    expect(holdsScope(customerWithScopes, view)).toBe(false);
  });
});

test.each([
  ["somebody with a scope", viewer, true],
  ["somebody with a scope that no operation asks for", stranger, true],
  ["a guest", guest, false],
  ["a customer", customer, false],
  ["a customer with scopes", customerWithScopes, false],
])("%s is an employee: %s", (_, caller, is) => {
  expect(isEmployee(caller)).toBe(is);
});

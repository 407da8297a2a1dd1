type Employees = "viewers" | "managers" | "couponManagers" | "siteManagers";
/** Employees with one of the scopes, and customers for themselves. */
type EmployeesAndCustomers = "couponReaders" | "couponUsers" | "referrers";

/** Who may call an operation. `anyone`: every valid token of the tenant. `open`: it looks at no token. */
export type Callers = Employees | EmployeesAndCustomers | "customers" | "anyone" | "open";

/** The scopes that let an employee in, with their older names. */
export const scopesOf: Readonly<Record<Employees | EmployeesAndCustomers, readonly string[]>> = {
  viewers: ["rewardspoints.rewardpoints_view", "saasag.rewardpoints_view"],
  managers: ["rewardspoints.rewardpoints_manage", "saasag.rewardpoints_manage"],
  couponReaders: ["coupon.coupon_read", "coupon.coupon_manage"],
  couponUsers: ["coupon.coupon_redeem", "coupon.coupon_redeem_on_behalf", "coupon.coupon_manage"],
  referrers: ["coupon.coupon_manage"],
  couponManagers: ["coupon.coupon_manage"],
  siteManagers: ["site.site_manage"],
};

/** The two kinds of people whom operations are for, and nobody in particular. */
export type Caller = "employee" | "customer" | "nobody";

/** As whom `callers` may call, those first who may do more. */
export function kindsOf(callers: Callers): readonly [Caller, ...Caller[]] {
  switch (callers) {
    case "open":
      return ["nobody"];
    case "customers":
      return ["customer"];
    case "anyone":
    case "couponReaders":
    case "couponUsers":
    case "referrers":
      return ["employee", "customer"];
    default:
      return ["employee"];
  }
}

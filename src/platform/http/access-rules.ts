import type { Access } from "../../access/rules/access.ts";

/** Who may call which operations of the Reward Points API, and of the Site Settings API. */
export const viewers: Access = { kind: "employee", scopes: ["rewardspoints.rewardpoints_view"] };
export const managers = { kind: "employee", scopes: ["rewardspoints.rewardpoints_manage"] } as const satisfies Access;
export const customers: Access = { kind: "customer" };
export const anyone: Access = { kind: "anyone" };
export const siteManagers: Access = { kind: "employee", scopes: ["site.site_manage"] };

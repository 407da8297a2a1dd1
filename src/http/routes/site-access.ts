import type { Access } from "../../application/access.ts";

/** Who may read and change what belongs to a site. */
export const siteManagers: Access = { kind: "employee", scopes: ["site.site_manage"] };

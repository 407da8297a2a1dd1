// All tables of the database, of all rooms.
export * from "../../src/access/storage/tables.ts";
export * from "../../src/coupons/storage/tables.ts";
export * from "../../src/ledger/storage/coupon-tables.ts";
export * from "../../src/ledger/storage/tables.ts";
export * from "../../src/options/storage/tables.ts";
export * from "../../src/orders/storage/tables.ts";
export * from "../../src/platform/storage/tables.ts";
export * from "../../src/polling/storage/tables.ts";
export * from "../../src/sites/storage/tables.ts";
export * from "../../src/tenants/storage/tables.ts";

import { couponUses } from "../../src/coupons/storage/tables.ts";
import { coupons } from "../../src/ledger/storage/coupon-tables.ts";
import { ledgerEntries } from "../../src/ledger/storage/tables.ts";
import { orderEvents, orders, returnOrders, returns } from "../../src/orders/storage/tables.ts";
import { idempotencyRecords } from "../../src/platform/storage/tables.ts";

/** Indexes that SQLite does not take by itself, with their tables. */
export const namedIndexes = {
  coupons_by_customer: coupons,
  coupon_uses_by_customer: couponUses,
  coupon_uses_by_order_code: couponUses,
  idempotency_records_by_customer: idempotencyRecords,
  ledger_entries_forgiven: ledgerEntries,
  order_events_by_customer: orderEvents,
  order_events_by_order: orderEvents,
  order_events_by_return: orderEvents,
  order_events_waiting: orderEvents,
  orders_by_customer: orders,
  orders_by_master: orders,
  return_orders_by_return: returnOrders,
  returns_by_customer: returns,
} as const;

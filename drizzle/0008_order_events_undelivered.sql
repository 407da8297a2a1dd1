CREATE INDEX `order_events_undelivered` ON `order_events` (`processed_at`) WHERE "order_events"."verdict" in ('waiting', 'failed') and (
        "order_events"."reason" = 'in_progress' or "order_events"."reason" like 'retrying: %' or "order_events"."reason" like 'gave_up: %'
      );--> statement-breakpoint
DROP INDEX `order_events_unsettled`;
